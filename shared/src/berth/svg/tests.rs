use proptest::prelude::*;

use super::super::generate::{Style, generate};
use super::super::table::tests::{day, hostile_plan};
use super::super::{Berths, first_come};
use super::*;
use crate::Problem;

#[test]
fn a_day_looks_as_approved() {
    let (instance, answer) = day();
    insta::assert_snapshot!(svg(&instance, &answer));
}

#[test]
fn every_name_is_in_the_picture_once_read_back() {
    let (instance, answer) = day();
    let picture = svg(&instance, &answer);
    let document = roxmltree::Document::parse(&picture).expect("well formed");
    let texts: String = document.descendants().filter_map(|node| node.text()).collect();
    for name in ["Aurora Meridian", "東京丸", "South <2>", "fender & bollard", "Drie \"Gebroeders\""] {
        assert!(texts.contains(name), "{name}");
    }
}

#[test]
fn an_empty_plan_is_a_picture_too() {
    let instance = Berths::instance(&generate(Style::Terminal, 3, 2, 1)).expect("generated problems are valid");
    let answer = first_come::answer(&instance, &super::super::Schedule(vec![None; 3]));
    let picture = svg(&instance, &answer);
    roxmltree::Document::parse(&picture).expect("well formed");
    assert!(picture.contains("Left out: 3"));
}

#[test]
fn thousands_of_calls_and_berths_stay_a_picture() {
    for (calls, berths) in [(5_000, 40), (1_000, 200)] {
        let instance =
            Berths::instance(&generate(Style::Terminal, calls, berths, 1)).expect("generated problems are valid");
        let answer = first_come::answer(&instance, &first_come::schedule(&instance));
        let picture = svg(&instance, &answer);
        let document = roxmltree::Document::parse(&picture).expect("well formed");
        let height: f64 =
            document.root_element().attribute("height").and_then(|text| text.parse().ok()).expect("a height");
        assert!(height < 3_000.0, "{height}");
        assert!(picture.len() < 4_000_000, "{} bytes", picture.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_name_leaves_a_well_formed_picture_without_script((instance, answer) in hostile_plan()) {
        let picture = svg(&instance, &answer);
        let document = roxmltree::Document::parse(&picture);
        prop_assert!(document.is_ok(), "{:?}", document.err());
        let known = ["svg", "title", "defs", "pattern", "rect", "line", "text", "g", "circle", "path"];
        for node in document.iter().flat_map(roxmltree::Document::descendants).filter(roxmltree::Node::is_element) {
            prop_assert!(known.contains(&node.tag_name().name()));
            prop_assert!(node.attributes().all(|attribute| !attribute.name().starts_with("on") && !attribute.name().contains("href")));
        }
        prop_assert!(!picture.contains("NaN") && !picture.contains("inf\""));
    }

    #[test]
    fn a_foreign_answer_does_not_panic((instance, _) in hostile_plan(), (_, answer) in hostile_plan()) {
        prop_assert!(roxmltree::Document::parse(&svg(&instance, &answer)).is_ok());
    }
}
