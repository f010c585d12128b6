//! The model against a discrete-event simulation: arrivals, servers and a queue, one event after the other, from a seed.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::{erlang_b, erlang_c};

/// Marsaglia's xorshift, with the multiplier of Vigna 2016: enough randomness for a simulation, the same on every machine.
struct Random(u64);

impl Random {
    /// Uniform in (0, 1].
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 + 1.0) / (1u64 << 53) as f64
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * self.uniform().ln()
    }
}

/// What was seen.
struct Seen {
    lost: f64,
    waited: f64,
    mean_wait: f64,
}

/// Serves Poisson arrivals, one a second on average, with as many servers. Where `queue` is false, who finds none free is lost.
fn simulate(servers: usize, queue: bool, arrivals: usize, seed: u64, service: impl Fn(&mut Random) -> f64) -> Seen {
    let mut random = Random(seed);
    // Ends of services, in whole nanoseconds so that they have an order.
    let mut busy: BinaryHeap<Reverse<u64>> = BinaryHeap::new();
    let mut line: VecDeque<f64> = VecDeque::new();
    let (mut lost, mut waited, mut wait) = (0usize, 0usize, 0.0);
    let nanos = |seconds: f64| (seconds * 1e9) as u64;
    let mut now = 0.0;
    for _ in 0..arrivals {
        now += random.exponential(1.0);
        while let Some(&Reverse(end)) = busy.peek()
            && end <= nanos(now)
        {
            busy.pop();
            if let Some(came) = line.pop_front() {
                let begun = end as f64 / 1e9;
                wait += begun - came;
                busy.push(Reverse(nanos(begun + service(&mut random))));
            }
        }
        if busy.len() < servers {
            busy.push(Reverse(nanos(now + service(&mut random))));
        } else if queue {
            waited += 1;
            line.push_back(now);
        } else {
            lost += 1;
        }
    }
    let all = arrivals as f64;
    Seen { lost: lost as f64 / all, waited: waited as f64 / all, mean_wait: wait / all }
}

const ARRIVALS: usize = 400_000;

#[test]
fn what_is_lost_depends_on_the_mean_service_time_alone() {
    for (servers, offered) in [(3, 2.0), (12, 8.0), (40, 36.0)] {
        let said = erlang_b(servers, offered);
        let exponential = simulate(servers as usize, false, ARRIVALS, 7, |random| random.exponential(offered)).lost;
        let fixed = simulate(servers as usize, false, ARRIVALS, 8, |_| offered).lost;
        // One in a hundred takes a second's worth of time, the others almost none: hits and solves.
        let mixed = |random: &mut Random| if random.uniform() < 0.01 { 50.0 * offered } else { offered / 2.0 / 0.99 };
        let mixed = simulate(servers as usize, false, ARRIVALS, 9, mixed).lost;
        for seen in [exponential, fixed, mixed] {
            assert!((seen - said).abs() < 0.05 * said + 0.002, "{servers} servers at {offered}: {seen} for {said}");
        }
    }
}

#[test]
fn who_waits_and_how_long_is_as_the_model_says() {
    for (servers, offered) in [(2, 1.4), (8, 6.0), (30, 27.0)] {
        let seen = simulate(servers as usize, true, ARRIVALS, 11, |random| random.exponential(offered));
        let said = erlang_c(servers, offered);
        // One arrival a second: the mean service time is the offered load.
        let said_wait = said * offered / (servers as f64 - offered);
        assert!((seen.waited - said).abs() < 0.05 * said, "{servers} at {offered}: {} for {said}", seen.waited);
        assert!((seen.mean_wait - said_wait).abs() < 0.1 * said_wait, "{} for {said_wait}", seen.mean_wait);
        // Solves with a time limit differ less than exponentially, and wait less.
        let limited = simulate(servers as usize, true, ARRIVALS, 12, |_| offered);
        assert!(limited.mean_wait < said_wait, "{} above {said_wait}", limited.mean_wait);
    }
}
