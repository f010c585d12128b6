"""What one would build instead: FastAPI, a Redis cache, CP-SAT in the server. `tests/load` measures Portolan beside it.

    REDIS_PORT=6379 uvicorn --app-dir tests/benches/reference app:app --workers 2 --port 9002

The same body gets the cached answer; another is solved for a second, in a thread, while its request waits.
"""

import asyncio
import hashlib
import os

import redis.asyncio
from fastapi import FastAPI, Request, Response
from ortools.sat.python import cp_model
from pydantic import BaseModel

SECONDS = float(os.environ.get("SOLVE_SECONDS", "1"))
cache = redis.asyncio.Redis(port=int(os.environ.get("REDIS_PORT", "6379")))
app = FastAPI()


class Berth(BaseModel):
    id: str


class Call(BaseModel):
    id: str
    arrival: int = 0
    handling_s: dict[str, int]
    weight: int = 1


class Instance(BaseModel):
    berths: list[Berth]
    calls: list[Call]


def solve(instance: Instance) -> bytes:
    """The dynamic berth allocation problem as optional intervals, one for each call and berth."""
    model = cp_model.CpModel()
    horizon = max(call.arrival for call in instance.calls) + sum(max(call.handling_s.values()) for call in instance.calls)
    lanes = {berth.id: [] for berth in instance.berths}
    ends, costs = {}, []
    for call in instance.calls:
        end = model.new_int_var(0, horizon, f"end {call.id}")
        chosen = []
        for berth, handling in call.handling_s.items():
            here = model.new_bool_var(f"{call.id} at {berth}")
            start = model.new_int_var(call.arrival, horizon, f"start {call.id} at {berth}")
            lanes[berth].append(model.new_optional_fixed_size_interval_var(start, handling, here, ""))
            model.add(end == start + handling).only_enforce_if(here)
            chosen.append(here)
        model.add_exactly_one(chosen)
        ends[call.id] = end
        costs.append(call.weight * (end - call.arrival))
    for lane in lanes.values():
        model.add_no_overlap(lane)
    model.minimize(sum(costs))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = SECONDS
    solver.parameters.num_workers = 1
    solver.solve(model)
    calls = [{"call": name, "end": solver.value(end)} for name, end in ends.items()]
    body = {"objective": solver.objective_value, "lower_bound": solver.best_objective_bound, "plan": calls}
    return repr(body).replace("'", '"').encode()


@app.post("/v1/berth/plans")
async def plan(request: Request) -> Response:
    body = await request.body()
    key = "plan:" + hashlib.sha256(body).hexdigest()
    answer = await cache.get(key)
    if answer is None:
        instance = Instance.model_validate_json(body)
        answer = await asyncio.to_thread(solve, instance)
        await cache.set(key, answer, ex=3600)
    return Response(answer, media_type="application/json")
