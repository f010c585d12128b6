use super::super::Routing;
use super::super::wire::Wire;
use crate::Problem;
use crate::budget::Budget;

/// Two ports, a service of two vessels, a truck; a day's shifts of eight hours.
pub(in crate::routing) const SMALL: &str = r#"{
    "horizon_start": "2026-03-02T00:00:00Z", "horizon_s": 1814400,
    "ports": [
        {"id": "PTSIE", "moves_per_shift": 2, "yard_teu": 20, "move_cents": 100, "storage_cents_per_shift": 10, "dwell_s": 3600},
        {"id": "SNDKR", "move_cents": 100, "dwell_s": 7200},
        {"id": "ESMAD"}
    ],
    "services": [{"id": "Guinea", "first": "2026-03-03T04:00:00Z", "vessels": 2, "slots_teu": 6, "plugs": 1, "leg_cents": 1000, "rotation": [
        {"port": "PTSIE", "arrive_s": 0, "depart_s": 36000}, {"port": "SNDKR", "arrive_s": 432000, "depart_s": 475200}
    ]}],
    "transfers": [{"id": "road", "mode": "truck", "from": "ESMAD", "to": "PTSIE", "duration_s": 21600, "cost_cents": 500, "teu_per_day": 4}],
    "lots": [{"id": "oil", "origin": "ESMAD", "destination": "SNDKR", "containers": ["PTLU1234567", "loose"], "length_ft": 40,
              "release": "2026-03-02T00:00:00Z", "due": "2026-03-12T00:00:00Z", "rejection_cents": 100000}]
}"#;

fn small() -> Wire {
    serde_json::from_str(SMALL).expect("a request")
}

fn issues(change: impl FnOnce(&mut Wire)) -> Vec<(String, String)> {
    let mut wire = small();
    change(&mut wire);
    let found = Routing::instance(&wire).err().unwrap_or_default();
    found.into_iter().map(|issue| (issue.code.into_owned(), issue.path)).collect()
}

fn one(code: &str, path: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), path.to_owned())]
}

#[test]
fn a_way_is_told_in_words_with_its_times() {
    let wire = small();
    let instance = Routing::instance(&wire).expect("nothing is wrong");
    let clock = || std::time::Duration::ZERO;
    let outcome = Routing::solve(&instance, &mut Budget::new(&clock), &mut |_| ());
    let plan = Routing::plan(&instance, &outcome.solution);
    let legs = serde_json::to_value(&plan.lots[0].routes[0].legs).expect("serializes");
    // The last truck that is in time, as standing in Sines costs; loaded in the second of the two shifts of the vessel's stay.
    let expected = serde_json::json!([
        {"by": "truck", "id": "road", "from": "ESMAD", "to": "PTSIE", "departs": "2026-03-03T00:00:00Z", "arrives": "2026-03-03T06:00:00Z"},
        {"by": "sailing", "id": "Guinea 2026-03-03", "from": "PTSIE", "to": "SNDKR", "loaded": "2026-03-03T08:00:00Z",
         "departs": "2026-03-03T14:00:00Z", "arrives": "2026-03-08T04:00:00Z", "discharged": "2026-03-08T10:00:00Z"}
    ]);
    assert_eq!(legs, expected, "{legs:#}");
    let route = &plan.lots[0].routes[0];
    // Road, two moves, a leg of two TEU, and the end of a shift that it stands in Sines before it is loaded.
    assert_eq!((route.quantity, route.cost_cents), (2, 500 + 200 + 2_000 + 10));
    assert_eq!(route.containers, ["PTLU1234567", "loose"]);
    assert_eq!((plan.kpis.transshipments, plan.kpis.on_time_share), (Some(2), 1.0));
    assert_eq!(plan.kpis.container_hours, 2 * (6 * 24 + 10));
    let moves =
        plan.utilisation.iter().find(|used| used.resource == "moves PTSIE 2026-03-03 08:00").expect("it is used");
    assert_eq!((moves.used, moves.capacity), (2, 2));
}

#[test]
fn a_round_trip_goes_on_with_what_is_on_board() {
    let mut wire = small();
    wire.lots[0].origin = "SNDKR".to_owned();
    wire.lots[0].destination = "PTSIE".to_owned();
    wire.lots[0].due = None;
    let instance = Routing::instance(&wire).expect("nothing is wrong");
    let clock = || std::time::Duration::ZERO;
    let outcome = Routing::solve(&instance, &mut Budget::new(&clock), &mut |_| ());
    let plan = Routing::plan(&instance, &outcome.solution);
    let leg = &plan.lots[0].routes[0].legs[0];
    // The voyage's last leg leads to the first port of the next round trip, two weeks after it began.
    assert_eq!((leg.id.as_deref(), leg.to.as_str()), (Some("Guinea 2026-03-03"), "PTSIE"));
    assert_eq!(leg.arrives.map(|time| time.to_string()).as_deref(), Some("2026-03-17T04:00:00Z"));
}

#[test]
fn what_is_wrong_is_named_where_it_is() {
    assert_eq!(issues(|_| ()), []);
    assert_eq!(issues(|wire| wire.ports[0].id = "Sines".to_owned())[0], one("not_a_locode", "/ports/0/id")[0]);
    assert_eq!(issues(|wire| wire.ports[2].id = "PTSIE".to_owned())[0], one("duplicate_id", "/ports/2/id")[0]);
    assert_eq!(issues(|wire| wire.ports[0].shift_s = Some(1)), one("number_out_of_range", "/ports/0/shift_s"));
    assert_eq!(
        issues(|wire| wire.services[0].rotation[1].port = "XX".to_owned()),
        one("unknown_port", "/services/0/rotation/1/port")
    );
    assert_eq!(
        issues(|wire| wire.services[0].rotation[1].arrive_s = 3_600),
        one("sailing_back_in_time", "/services/0/rotation/1")
    );
    assert_eq!(issues(|wire| wire.services[0].vessels = 0)[0], one("number_out_of_range", "/services/0/vessels")[0]);
    assert_eq!(
        issues(|wire| wire.services[0].every_s = Some(86_400)),
        one("round_trip_too_short", "/services/0/rotation/1/depart_s")
    );
    assert_eq!(issues(|wire| wire.services[0].slots_teu = -1), one("number_out_of_range", "/services/0/slots_teu"));
    assert_eq!(issues(|wire| wire.horizon_s = None), one("horizon_missing", "/horizon_s"));
    assert_eq!(issues(|wire| wire.horizon_start = None).last(), one("bad_time", "/services/0/first").last());
    assert_eq!(issues(|wire| wire.transfers[0].to = "ESMAD".to_owned()), one("leads_to_itself", "/transfers/0"));
    assert_eq!(issues(|wire| wire.transfers[0].duration_s = 0), one("number_out_of_range", "/transfers/0/duration_s"));
    assert_eq!(issues(|wire| wire.transfers[0].every_s = Some(0)), one("number_out_of_range", "/transfers/0/every_s"));
    assert_eq!(
        issues(|wire| wire.lots[0].containers[0] = "PTLU1234568".to_owned()),
        one("wrong_check_digit", "/lots/0/containers/0")
    );
    assert_eq!(issues(|wire| wire.lots[0].quantity = 3), one("containers_differ", "/lots/0/containers"));
    assert_eq!(issues(|wire| wire.lots[0].length_ft = Some(30)), one("unknown_length", "/lots/0/length_ft"));
    assert_eq!(issues(|wire| wire.lots[0].origin = "PTLIS".to_owned()), one("unknown_place", "/lots/0/origin"));
    assert_eq!(issues(|wire| wire.lots[0].pinned = vec!["road".into()]), one("unknown_arc", "/lots/0/pinned/0"));
    assert_eq!(issues(|wire| wire.nodes.push(<_>::default())), one("two_forms", "/nodes"));
}

#[test]
fn sailings_and_rides_are_checked_too() {
    let sailing = r#"{"id": "extra", "slots_teu": 5, "calls": [
        {"port": "SNDKR", "arrive": 0, "depart": 86400}, {"port": "PTSIE", "arrive": 172800, "depart": 180000}]}"#;
    let with = |change: &dyn Fn(&mut Wire)| {
        issues(|wire| {
            wire.sailings.push(serde_json::from_str(sailing).expect("a sailing"));
            change(wire);
        })
    };
    assert_eq!(with(&|_| ()), []);
    assert_eq!(with(&|wire| wire.sailings[0].calls.clear()), one("sailing_calls_nowhere", "/sailings/0/calls"));
    assert_eq!(with(&|wire| wire.sailings[0].calls.swap(0, 1)), one("sailing_back_in_time", "/sailings/0/calls/1"));
    assert_eq!(
        with(&|wire| wire.sailings[0].calls[0].depart = crate::time::Time::Offset(-5)),
        one("departs_before_it_arrives", "/sailings/0/calls/0")
    );
    assert_eq!(
        with(&|wire| wire.sailings[0].continues = Some("x".to_owned())),
        one("unknown_sailing", "/sailings/0/continues")
    );
    assert_eq!(
        with(&|wire| wire.sailings[0].id = "Guinea 2026-03-03".to_owned()),
        one("duplicate_id", "/sailings/0/id")
    );
    assert_eq!(with(&|wire| wire.lots[0].aboard = Some("extra".to_owned())), one("two_origins", "/lots/0/origin"));
    let ride = |sailing: &str, from: &str, to: &str| {
        with(&|wire: &mut Wire| {
            wire.lots[0].origin = "SNDKR".to_owned();
            wire.lots[0].destination = "ESMAD".to_owned();
            let ride = serde_json::json!([{"sailing": sailing, "from": from, "to": to}]);
            wire.lots[0].pinned = serde_json::from_value(ride).expect("a ride");
        })
    };
    assert_eq!(ride("extra", "SNDKR", "PTSIE"), []);
    assert_eq!(ride("nobody", "SNDKR", "PTSIE"), one("unknown_sailing", "/lots/0/pinned/0/sailing"));
    assert_eq!(ride("extra", "PTSIE", "SNDKR"), one("pinned_gap", "/lots/0/pinned/0"));
    assert_eq!(ride("extra", "SNDKR", "ESMAD"), one("sailing_does_not_call", "/lots/0/pinned/0/to"));
}

#[test]
fn too_long_a_horizon_is_refused_without_being_written_out() {
    let found = issues(|wire| {
        wire.horizon_s = Some(5 * 366 * 86_400);
        for port in &mut wire.ports {
            port.shift_s = Some(900);
        }
    });
    assert_eq!(found, one("too_large", ""));
    let found = issues(|wire| {
        wire.horizon_s = Some(5 * 366 * 86_400);
        wire.services[0].every_s = Some(900);
        wire.services[0].vessels = 1_000;
    });
    assert_eq!(found, one("too_large", "/services"));
}

/// The sample of the README: a table and a picture in its words, and a plan that is nearly proven.
#[test]
fn the_sample_of_a_month_reads_in_its_own_words() {
    let sample = include_str!("../../../samples/routing-month.json");
    let wire: Wire = serde_json::from_str(sample).expect("a request");
    let instance = Routing::instance(&wire).expect("nothing is wrong with it");
    let clock = || std::time::Duration::ZERO;
    let outcome = Routing::solve(&instance, &mut Budget::new(&clock).work_limit(3_000_000), &mut |_| ());
    let levels = Routing::levels(&instance, &outcome.solution, outcome.lower_bound);
    let plan = Routing::plan(&instance, &outcome.solution);
    let answer = crate::Answer::new(Routing::NAME, Routing::VERSION, outcome, levels, plan);
    assert!(Routing::verify(&instance, &answer).is_ok());
    let table = Routing::table(&instance, &answer);
    assert!(table.contains("[Guinea 2026-03-02] > ") && table.contains("most valuable room"), "{table}");
    let svg = Routing::svg(&instance, &answer);
    let picture = roxmltree::Document::parse(&svg).expect("sound XML");
    let titles: Vec<&str> =
        picture.descendants().filter(|node| node.has_tag_name("title")).filter_map(|node| node.text()).collect();
    assert!(
        titles.iter().any(|title| title.starts_with("Guinea 2026-03-02, NLRTM/Maasvlakte > PTSIE: ")),
        "{titles:?}"
    );
}
