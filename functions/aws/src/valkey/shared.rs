//! What all processes count and lease together.

use std::time::Duration;

use portolan_functions::guard::quota::{Standing, What};
use portolan_functions::plans::record::{Tenant, Urgency};
use portolan_functions::ports::{Backlog, Flights, Later, Quotas, StoreError};
use redis::Cmd;

use super::Valkey;

const COUNTS: &str = "portolan:count:1";
const FLIGHTS: &str = "portolan:flight:1";
/// The braces keep the three on one node of a cluster.
const BACKLOG: &str = "portolan:{backlog}:1";
/// For how long what was said of a queue counts.
const LATELY: Duration = Duration::from_mins(2);

/// Counts a request or a solve by the arithmetic of `guard::quota`, on the cache's own clock: `{allowed, remaining, microseconds until
/// there is more}`. `KEYS[1]` is the tenant's count; `ARGV` is what is counted, how many are allowed, and in how many microseconds.
const COUNT: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local quota, span = tonumber(ARGV[2]), tonumber(ARGV[3])
if ARGV[1] == 'requests' then
    local step = math.max(math.floor(span / quota), 1)
    local slack = step * (quota - 1)
    local due = tonumber(redis.call('GET', KEYS[1]) or '0')
    local at = math.max(due, now)
    local allowed = at <= now + slack
    if allowed then
        due = at + step
        redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1)
    end
    local ahead = math.max(due - now, 0)
    return {allowed and 1 or 0, math.max(math.floor((step * quota - ahead) / step), 0), math.max(ahead - slack, 0)}
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - span)
local count = redis.call('ZCARD', KEYS[1])
local allowed = count < quota
if allowed then
    local number = redis.call('INCR', KEYS[2])
    redis.call('PEXPIRE', KEYS[2], math.ceil(span / 1000))
    redis.call('ZADD', KEYS[1], now, number)
    redis.call('PEXPIRE', KEYS[1], math.ceil(span / 1000))
    count = count + 1
end
local more = 0
if count >= quota then
    local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
    more = math.max(tonumber(oldest[2]) + span - now, 0)
end
return {allowed and 1 or 0, math.max(quota - count, 0), more}
";

/// Takes a flight off, or prolongs it where it is the holder's already. `KEYS[1]` is the flight; `ARGV` the holder and milliseconds.
const TAKE_OFF: &str = r"
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
";

/// Ends a flight of the holder.
const LAND: &str = r"
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
";

/// A script by its text: one command, whichever node it is sent to and whatever that node has seen before.
fn eval(script: &'static str, keys: &[&str]) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(script).arg(keys.len()).arg(keys);
    command
}

impl Quotas for Valkey {
    fn take<'a>(
        &'a self,
        tenant: &'a Tenant,
        what: What,
        allowed: u32,
        span: Duration,
    ) -> Later<'a, Result<Standing, StoreError>> {
        Box::pin(async move {
            // The braces keep the keys of a tenant on one node of a cluster.
            let key = format!("{COUNTS}:{{{tenant}}}:{}", what.name());
            let number = format!("{key}:number");
            let mut command = eval(COUNT, &[&key, &number]);
            command.arg(what.name()).arg(allowed).arg(span.as_micros() as u64);
            // Once: a second try might count twice.
            let (allowed, remaining, next): (u8, u32, u64) = self.run(&command, 1).await?;
            Ok(Standing { what, allowed: allowed == 1, remaining, next: Duration::from_micros(next) })
        })
    }
}

impl Flights for Valkey {
    fn take_off<'a>(
        &'a self,
        flight: &'a str,
        holder: &'a str,
        lease: Duration,
    ) -> Later<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut command = eval(TAKE_OFF, &[&format!("{FLIGHTS}:{flight}")]);
            command.arg(holder).arg(lease.as_millis().max(1) as u64);
            // The same holder takes off as often as it likes.
            let taken: u8 = self.run(&command, 2).await?;
            Ok(taken == 1)
        })
    }

    fn land<'a>(&'a self, flight: &'a str, holder: &'a str) -> Later<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut command = eval(LAND, &[&format!("{FLIGHTS}:{flight}")]);
            let _: u8 = self.run(command.arg(holder), 2).await?;
            Ok(())
        })
    }
}

impl Backlog for Valkey {
    fn begun(&self, urgency: Urgency, waited: Duration) -> Later<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let mut command = redis::cmd("SET");
            command.arg(backlog(urgency)).arg(waited.as_millis() as u64).arg("PX").arg(LATELY.as_millis() as u64);
            self.run(&command, 1).await
        })
    }

    fn waits(&self) -> Later<'_, Result<[Option<Duration>; 3], StoreError>> {
        Box::pin(async move {
            let mut command = redis::cmd("MGET");
            command.arg(&Urgency::ALL.map(backlog)[..]);
            let waits: [Option<u64>; 3] = self.run(&command, 2).await?;
            Ok(waits.map(|wait| wait.map(Duration::from_millis)))
        })
    }
}

fn backlog(urgency: Urgency) -> String {
    format!("{BACKLOG}:{}", urgency.name())
}
