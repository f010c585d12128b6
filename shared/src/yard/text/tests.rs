use super::*;

fn wire(text: &str, name: Option<&str>) -> Wire {
    read(text, name).expect("of this form").expect("complete")
}

#[test]
fn a_relocation_file_reads_as_written() {
    let wire = wire("3 5 4\n2 4 1\n0\n2 2 3\n", None);
    assert_eq!(wire.task, None);
    assert_eq!(wire.stacks.iter().map(|stack| stack.max_tiers).collect::<Vec<_>>(), [Some(5); 3]);
    assert_eq!(wire.stacks[0].containers, [ContainerWire::new("4"), ContainerWire::new("1")]);
    let order: Vec<&str> = wire.departures.iter().map(|departure| departure.containers[0].as_str()).collect();
    assert_eq!(order, ["1", "2", "3", "4"]);
}

#[test]
fn containers_of_one_number_leave_together() {
    let wire = wire("2 4 3\n2 7 7\n1 2\n", None);
    assert_eq!(wire.departures[0].containers, ["2.1"]);
    assert_eq!(wire.departures[1].containers, ["7.1", "7.2"]);
}

#[test]
fn a_premarshalling_file_has_its_height_in_its_name() {
    let wire = wire("2 3\n2 1 2\n1 2\n", Some("cpmp_2_5_3_2_1_7"));
    assert_eq!((wire.task, wire.stacks[0].max_tiers), (Some(Task::Premarshal), Some(5)));
}

#[test]
fn a_crane_time_file_has_labels() {
    let wire = wire("Tiers: 4\nStacks: 2\nContainers: 3\nStack 0: 2    0   \nStack 1: 1\n", None);
    assert_eq!(wire.stacks[0].containers.len(), 2);
    assert_eq!(wire.departures[0].containers, ["0"]);
}

#[test]
fn other_forms_are_left_to_others() {
    for other in ["", "{}", "30\n3\n1 2 3", "2 1\n3 4\n1\n10\n99999\n60\n50 55 77\n", "x 1 2"] {
        assert!(read(other, None).is_none(), "{other:?}");
    }
}

#[test]
fn what_is_broken_is_named() {
    let code = |text: &str| read(text, None).expect("of this form").expect_err("broken")[0].code.to_string();
    assert_eq!(code("2 4 3\n2 1 2\n"), "text_stacks");
    assert_eq!(code("2 4 3\n2 1 2\n2 3\n"), "text_stack_length");
    assert_eq!(code("2 4 3\n2 1 2\n1 x\n"), "text_not_a_number");
    assert_eq!(code("2 4 4\n2 1 2\n1 3\n"), "text_containers");
    assert_eq!(code("Tiers: 4\nStacks: two"), "text_not_a_number");
    assert_eq!(code("Tiers: 4\nStacks: 2\nContainers: 3\nStack 0: 1\n"), "text_stacks");
}
