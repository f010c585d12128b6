//! The changes that are tried, and what each would cost.

use std::borrow::Cow;

use super::super::instance::{Assignment, Berth, Call, Slot, Window};
use super::super::slots::{self, FOREVER};
use super::port::{Port, Stay, cheapest, first_start, listed, without_closure};
use super::{LeftOut, Lever, Remedy};
use crate::ids::{BerthIdx, CallIdx};
use crate::units::Seconds;

/// Places in the order of one berth that are tried for a call.
const MAX_TRIED: usize = 4;

impl Port<'_> {
    /// What would let a waiting call start earlier.
    pub(super) fn sooner(&self, call: CallIdx, place: Assignment) -> Vec<Remedy> {
        let mut remedies = self.without_closures(call, place);
        remedies.extend(self.first_in_line(call, place));
        cheapest(remedies)
    }

    /// The cheapest way to serve the call earlier, on any berth, at the expense of others or of nobody.
    fn first_in_line(&self, call: CallIdx, place: Assignment) -> Option<Remedy> {
        let own = &self.stays[place.berth.at()];
        let own_at = own.iter().position(|stay| stay.call == call)?;
        let behind = own[own_at + 1..].iter().map(|stay| stay.call);
        let closed_up = self.timed_again(place.berth, self.free_before(place.berth, own_at), behind)?;
        let mut best: Option<Remedy> = None;
        for berth in BerthIdx::all(self.stays.len()) {
            let is_own = berth == place.berth;
            let stays = &self.stays[berth.at()];
            let Some(slot) = self.instance.slots(call, berth).first() else { continue };
            // Behind whatever stands there when it could first start; ahead of what starts when it starts now.
            let first = stays.iter().take_while(|stay| stay.start < slot.first).count();
            let last = stays.iter().take_while(|stay| stay.start < place.start).count();
            let last = if is_own { last.min(own_at) } else { last };
            for at in tried(first, last) {
                if self.is_spent() {
                    return best;
                }
                let others = stays[at..].iter().map(|stay| stay.call).filter(|&other| other != call);
                let order = std::iter::once(call).chain(others);
                let Some(timed) = self.timed_again(berth, self.free_before(berth, at), order) else { continue };
                let start = timed[0].start;
                if start >= place.start {
                    continue;
                }
                let mut price = self.no_price();
                self.charge(&mut price, berth, &timed, 1);
                self.charge(&mut price, berth, &stays[at..], -1);
                if !is_own {
                    self.charge(&mut price, place.berth, &closed_up, 1);
                    self.charge(&mut price, place.berth, &own[own_at..], -1);
                }
                let change =
                    Lever::GoFirst { berth: self.name(berth), before: self.delayed(&stays[at..], call, &timed) };
                let remedy = self.remedy(change, start, Some(place.start), &price);
                if best.as_ref().is_none_or(|best| remedy.objective_change < best.objective_change) {
                    best = Some(remedy);
                }
            }
        }
        best
    }

    /// The call right behind the one that goes first, where it starts later for it.
    fn delayed(&self, now: &[Stay], first: CallIdx, timed: &[Stay]) -> Option<String> {
        let next = timed.get(1)?;
        let before = now.iter().find(|stay| stay.call == next.call && stay.call != first)?;
        (next.start > before.start).then(|| self.instance.call(next.call).id.clone())
    }

    fn timed_again(&self, berth: BerthIdx, free: Seconds, order: impl Iterator<Item = CallIdx>) -> Option<Vec<Stay>> {
        self.retimed(berth, free, order, |call| Cow::Borrowed(self.instance.slots(call, berth)))
    }

    /// What each closure on the berth costs a waiting call.
    fn without_closures(&self, call: CallIdx, place: Assignment) -> Vec<Remedy> {
        let berth = self.instance.berth(place.berth);
        let arrival = self.instance.call(call).arrival;
        let stays = &self.stays[place.berth.at()];
        let mut remedies = Vec::new();
        for (at, closure) in berth.closures.iter().enumerate() {
            if closure.window.to <= arrival || closure.window.from >= place.start || self.is_spent() {
                continue;
            }
            let open = without_closure(berth, at);
            // What starts before the closure is over before it, and stays as it is.
            let first = stays.iter().take_while(|stay| stay.start < closure.window.from).count();
            let order = stays[first..].iter().map(|stay| stay.call);
            let slots = |call: CallIdx| Cow::Owned(self.slots_on(self.instance.call(call), place.berth, &open));
            let free = self.free_before(place.berth, first);
            let Some(timed) = self.retimed(place.berth, free, order, slots) else { continue };
            let Some(stay) = timed.iter().find(|stay| stay.call == call && stay.start < place.start) else { continue };
            let mut price = self.no_price();
            self.charge(&mut price, place.berth, &timed, 1);
            self.charge(&mut price, place.berth, &stays[first..], -1);
            let change = self.lift(berth, at);
            remedies.push(self.remedy(change, stay.start, Some(place.start), &price));
        }
        remedies
    }

    /// Why a call is left out, and what would let it in.
    pub(super) fn left_out(&self, idx: CallIdx) -> LeftOut {
        let call = self.instance.call(idx);
        let mut remedies = Vec::new();
        let mut nearest: Option<Vec<_>> = None;
        for at in BerthIdx::all(self.instance.berths().len()) {
            let berth = self.instance.berth(at);
            if slots::misfit(call, berth, call.handling[at.at()]).is_some() {
                continue;
            }
            if let (Some(first), Some(last)) =
                (self.instance.slots(idx, at).first(), self.instance.slots(idx, at).last())
            {
                let end = (last.last + self.instance.handling(idx, at)).max(last.ready);
                let holders = self.holders(at, first.first, end, None);
                if nearest.as_ref().is_none_or(|nearest| holders.len() < nearest.len()) {
                    nearest = Some(holders);
                }
            }
            let to_free = |_| Lever::GoFirst { berth: berth.id.clone(), before: None };
            match self.squeeze_in(idx, at, call, berth, to_free) {
                Some(remedy) => remedies.push(remedy),
                None => self.concessions(idx, at, &mut remedies),
            }
        }
        let has_room = remedies.iter().any(|remedy| matches!(remedy.change, Lever::GoFirst { .. }));
        let cause = match (&nearest, has_room) {
            (_, true) => "the solve stopped before it found this call a place",
            (Some(_), false) => "the berths that could take it in time are held by other calls",
            (None, false) => "its windows and those of the berths leave no room, even in an empty port",
        };
        LeftOut {
            call: call.id.clone(),
            vessel: call.vessel.clone(),
            cause: cause.to_owned(),
            blocked_by: listed(nearest.filter(|_| !has_room).unwrap_or_default()),
            remedies: cheapest(remedies),
        }
    }

    /// What somebody could give way in, so that a call that is left out fits a berth that has no room for it.
    fn concessions(&self, idx: CallIdx, at: BerthIdx, remedies: &mut Vec<Remedy>) {
        let (call, berth) = (self.instance.call(idx), self.instance.berth(at));
        if let Some(latest) = call.latest_departure {
            let patient = Call { latest_departure: None, ..call.clone() };
            let by = |departure: Seconds| Lever::LeaveLater { berth: berth.id.clone(), by_s: (departure - latest).0 };
            remedies.extend(self.squeeze_in(idx, at, &patient, berth, by));
        }
        for (opening, window) in berth.open.iter().enumerate() {
            if self.is_spent() {
                return;
            }
            let next = berth.open.get(opening + 1).map(|next| next.from);
            let Some(longer) = open_through(berth, opening) else { continue };
            let by = |departure: Seconds| Lever::KeepOpen {
                berth: berth.id.clone(),
                from: self.shown(window.to),
                by_s: next.map_or(departure, |next| departure.min(next)).past(window.to).0,
            };
            remedies.extend(self.squeeze_in(idx, at, call, &longer, by));
        }
        for closure in 0..berth.closures.len() {
            if self.is_spent() {
                return;
            }
            let open = without_closure(berth, closure);
            remedies.extend(self.squeeze_in(idx, at, call, &open, |_| self.lift(berth, closure)));
        }
    }

    /// The first gap of a berth that takes the call under changed rules.
    fn squeeze_in(
        &self,
        idx: CallIdx,
        at: BerthIdx,
        call: &Call,
        berth: &Berth,
        lever: impl Fn(Seconds) -> Lever,
    ) -> Option<Remedy> {
        let slots = self.slots_on(call, at, berth);
        let mut free = Seconds::ZERO;
        let ends = self.stays[at.at()].iter().map(|stay| (stay.start, stay.free)).chain([(FOREVER, FOREVER)]);
        self.spend(self.stays[at.at()].len());
        for (next, next_free) in ends {
            if let Some((start, departure)) = first_start(&slots, free, self.instance.handling(idx, at))
                && departure + berth.clearance <= next
            {
                let mut price = self.no_price();
                self.charge(&mut price, at, &[Stay { call: idx, start, free: departure + berth.clearance }], 1);
                return Some(self.remedy(lever(departure), start, None, &price));
            }
            free = next_free;
        }
        None
    }

    fn slots_on(&self, call: &Call, at: BerthIdx, berth: &Berth) -> Vec<Slot> {
        let tides = berth.tide.as_ref().map_or(0, |tide| tide.windows.len());
        self.spend(1 + berth.open.len() + berth.closures.len() + tides);
        slots::of(call, at, berth, self.horizon)
    }

    fn lift(&self, berth: &Berth, closure: usize) -> Lever {
        let closure = &berth.closures[closure];
        let from = self.shown(closure.window.from);
        Lever::LiftClosure { berth: berth.id.clone(), from, reason: closure.reason.clone() }
    }

    fn name(&self, berth: BerthIdx) -> String {
        self.instance.berth(berth).id.clone()
    }
}

/// The first place and the last ones between the two, ends included.
fn tried(first: usize, last: usize) -> impl Iterator<Item = usize> {
    let tail = (last + 2).saturating_sub(MAX_TRIED).max(first + 1);
    (first..=last).take(1).chain(tail..=last)
}

/// The berth, kept open from one opening into the next, or on and on after the last; `None` where that has no end.
fn open_through(berth: &Berth, opening: usize) -> Option<Berth> {
    let Window { from, to } = berth.open[opening];
    if to >= FOREVER {
        return None;
    }
    let mut longer = berth.clone();
    let end = if opening + 1 < longer.open.len() { longer.open.remove(opening + 1).to } else { FOREVER };
    longer.open[opening] = Window { from, to: end };
    Some(longer)
}
