use super::*;

const WEEKLY: &str = "n 4 3 3\nv 0 O AAAAA -1 -1\nv 1 C AAAAA 0 0\nv 2 C BBBBB 0 1\nv 3 D BBBBB -1 -1\n\
    a 0 1 10.5 -1 0\na 1 2 5 7 48\na 2 3 20 -1 0\nk 0 3 9 500 72\nk -1 3 2 100 24\nk -1 -1 1 100 24\n";

const TIMED: &str = "n 4 3 1 2 2 2\nr 5\nr 6\np 0 2\np 1 3\na 0 2 2\na 1 3 2\na 0 1 7.5 0 1\nk 0 1 0 1 8 300 12.5 1\n";

fn codes(text: &str) -> Vec<String> {
    read(text).expect("of this form").expect_err("broken").into_iter().map(|issue| issue.code.into_owned()).collect()
}

#[test]
fn both_forms_are_read() {
    let wire = read(WEEKLY).expect("of this form").expect("sound");
    assert_eq!((wire.nodes.len(), wire.arcs.len(), wire.lots.len(), wire.resources.len()), (6, 3, 3, 1));
    assert_eq!((wire.arcs[0].cost_cents, wire.arcs[1].transit_s), (1_050, Some(172_800)));
    assert_eq!((wire.lots[0].rejection_cents, wire.lots[1].origin.as_str()), (150_000, "unserved origin"));
    let wire = read(TIMED).expect("of this form").expect("sound");
    assert_eq!(wire.arcs[2].uses, ["r0", "r1"]);
    assert_eq!((wire.lots[0].destination.as_str(), wire.lots[0].due), ("P1", Some(Time::Offset(86_400))));
    assert_eq!((wire.lots[0].rejection_cents, wire.lots[0].service_cents), (2_130_000, 1_250));
    assert_eq!(wire.nodes[3].port.as_deref(), Some("P1"));
}

#[test]
fn other_texts_are_left_to_others_and_broken_ones_say_where() {
    for text in ["", "3 4\n1 2", "n", "n a b c", "n 1 2", "name,quantity"] {
        assert!(read(text).is_none(), "{text:?}");
    }
    assert_eq!(codes("n 1 0 1\nv 0 O A -1 -1\n"), ["text_counts"]);
    assert_eq!(codes("n 1 0 0\nv 0 O A -1 -1\nx 1"), ["text_unknown_record"]);
    assert_eq!(codes("n 2 1 0\nv 0 O A -1 -1\na 0 1 5 5 5"), ["text_no_such_node"]);
    assert_eq!(codes("n 1 0 1\nv 0 O A -1 -1\nk 0 0 1.5 1 1"), ["text_not_a_number"]);
    assert_eq!(codes("n 1 0 1\nv 0 O A -1 -1\nk 0 0"), ["text_too_short"]);
    assert_eq!(codes("n 1 999999999999 1"), ["too_large"]);
}
