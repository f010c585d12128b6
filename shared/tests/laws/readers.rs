//! No document makes a reader panic: samples of every form, damaged at random. What is read writes and reads back the same.
//!
//! `PROPTEST_CASES=200000 cargo test -p portolan --test laws readers` looks longer; the fuzz target learns from what it sees besides.

use portolan::problem::{recognise, registry};
use proptest::prelude::*;

const SAMPLES: [&[u8]; 10] = [
    include_bytes!("../../samples/berth-week.json"),
    include_bytes!("../../samples/yard-bay.json"),
    include_bytes!("../../samples/routing-week.json"),
    b"3 4 5\n2 1 4\n2 5 2\n1 3\n",
    b"Label: x\nWidth: 3\nHeight: 4\nContainers: 3\nStack 1: 1 2\nStack 2: 3\nStack 3:\n",
    b"stack,tier,container,turn\nA,1,X1,2\nA,2,X2,1\nB,1,X3,3\n",
    b"UNB+UNOA:2+A+B+261123:0900+1'UNH+1+BAPLIE:D:95B:UN:SMDG22'BGM++1+9'LOC+147+0070182::5'MEA+WT++KGM:20500'\
      EQD+CN+CSQU3054383+4510+++5'LOC+147+0070184::5'MEA+WT++TNE:9'TMP+2+-18.0:CEL'EQD+CN+ZEPU0037255+45R1+++5'\
      UNT+8+1'UNZ+1+1'",
    b"UNH+1+COPRAR:D:00B:UN:SMDG20'BGM+45+1+9'EQD+CN+CSQU3054383+4510'LOC+11+NLRTM'EQD+CN+X1+2210'UNT+6+1'",
    b"n 4 3 1 2 2 2\nr 5\nr 6\np 0 2\np 1 3\na 0 2 2\na 1 3 2\na 0 1 7.5 0 1\nk 0 1 0 1 8 300 12.5 1\n",
    b"",
];

/// One way of damaging a document. Places are shares of its length.
#[derive(Clone, Debug)]
enum Damage {
    Cut(f64),
    Set(f64, u8),
    Insert(f64, Vec<u8>),
    Repeat(f64, f64, f64),
    Drop(f64, f64),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = || 0.0..1.0_f64;
    let telling = prop::sample::select(&b"{}[],:+'.-0123456789eE\"\\\n\t x\0\xff"[..]);
    prop_oneof![
        1 => place().prop_map(Damage::Cut),
        4 => (place(), prop_oneof![telling.clone(), any::<u8>()]).prop_map(|(at, byte)| Damage::Set(at, byte)),
        2 => (place(), prop::collection::vec(telling, 1..6)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        2 => (place(), place(), place()).prop_map(|(from, to, at)| Damage::Repeat(from, to, at)),
        2 => (place(), place()).prop_map(|(from, to)| Damage::Drop(from, to)),
    ]
}

impl Damage {
    fn to(&self, document: &mut Vec<u8>) {
        let length = document.len();
        let place = |share: f64| (share * (length + 1) as f64) as usize;
        let span = |from: f64, to: f64| place(from.min(to))..place(from.max(to)).min(place(from.min(to)) + 400);
        match self {
            Self::Cut(at) => document.truncate(place(*at)),
            Self::Set(at, byte) => {
                if let Some(held) = document.get_mut(place(*at)) {
                    *held = *byte;
                }
            }
            Self::Insert(at, bytes) => drop(document.splice(place(*at)..place(*at), bytes.iter().copied())),
            Self::Repeat(from, to, at) => {
                let again = document[span(*from, *to)].to_vec();
                drop(document.splice(place(*at)..place(*at), again));
            }
            Self::Drop(from, to) => drop(document.drain(span(*from, *to))),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_document_makes_a_reader_panic(sample in prop::sample::select(&SAMPLES[..]), damages in prop::collection::vec(damage(), 0..6)) {
        let mut document = sample.to_vec();
        for damage in damages {
            damage.to(&mut document);
        }
        let _ = recognise(&document, Some("cpmp_3_4_9"));
        for problem in registry() {
            match problem.read(&document) {
                Err(issues) => prop_assert!(!issues.is_empty()),
                Ok(request) => {
                    let written = request.to_json().to_string();
                    let again = problem.read(written.as_bytes());
                    prop_assert!(again.is_ok_and(|again| again.canonical() == request.canonical()), "{written}");
                }
            }
            let _ = problem.verify(&document);
        }
        if let Ok(text) = std::str::from_utf8(&document) {
            let _ = portolan::yard::import::departures(text);
        }
    }
}
