//! What `template.yaml` says, and what else must say the same.

use std::collections::BTreeSet;

use portolan_tests::repository;

fn text(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap()
}

/// The resources: each one's name, and its lines.
fn resources(template: &str) -> Vec<(&str, &str)> {
    let all = template.split("\nResources:\n").nth(1).unwrap().split("\nOutputs:\n").next().unwrap();
    let is_name = |line: &str| line.starts_with("  ") && line[2..].starts_with(|c: char| c.is_ascii_uppercase());
    let starts: Vec<usize> = all
        .split_inclusive('\n')
        .scan(0, |at, line| {
            let start = *at;
            *at += line.len();
            Some((start, line))
        })
        .filter(|(_, line)| is_name(line))
        .map(|(start, _)| start)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([all.len()]);
    starts.iter().zip(ends).map(|(&start, end)| all[start..end].trim_start().split_once(':').unwrap()).collect()
}

fn of_type<'a>(template: &'a str, wanted: &str) -> Vec<(&'a str, &'a str)> {
    let wanted = format!("Type: {wanted}");
    resources(template)
        .into_iter()
        .filter(|(_, lines)| lines.split([',', '\n', '}']).any(|part| part.trim_start_matches([' ', '{']) == wanted))
        .collect()
}

#[test]
fn the_functions_that_are_deployed_are_those_that_the_readme_builds() {
    let (template, readme) = (text("template.yaml"), text("README.md"));
    let functions = of_type(&template, "AWS::Serverless::Function");
    let deployed: BTreeSet<String> = functions
        .iter()
        .filter_map(|(_, lines)| lines.split("CodeUri: target/lambda/").nth(1)?.lines().next().map(str::to_owned))
        .collect();
    let built: BTreeSet<String> = std::fs::read_dir(repository().join("functions/aws/src/bin"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!((deployed, functions.len()), (built.clone(), built.len()));
    // `sam build` would take the profile `release`, and write its result where `sam deploy` looks first.
    assert!(!template.contains("BuildMethod") && !readme.contains("sam build"));
    assert_eq!(
        readme.matches("cargo lambda build --arm64 --profile lambda --locked -p portolan-aws").count(),
        2,
        "for SAM and for CDK"
    );
    let manifest = text("Cargo.toml");
    let release = manifest.split("[profile.release]\n").nth(1).unwrap().split("\n[").next().unwrap();
    assert!(release.contains("\npanic = \"unwind\""), "cargo-lambda makes abort of what is not said");
}

#[test]
fn every_alarm_is_in_the_runbook_and_every_function_s_log_can_raise_one() {
    let (template, runbook) = (text("template.yaml"), text("infra/runbook.md"));
    let rows: Vec<&str> = runbook.lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next()).collect();
    let alarms = of_type(&template, "AWS::CloudWatch::Alarm");
    assert!(alarms.len() > 5);
    for (alarm, _) in alarms {
        assert!(rows.iter().any(|row| format!("`{row}").contains(&format!("`{alarm}`"))), "no row for {alarm}");
    }
    let watched = of_type(&template, "AWS::Logs::MetricFilter");
    for (function, _) in of_type(&template, "AWS::Serverless::Function") {
        let log = format!("LogGroupName: !Ref {function}Log,");
        assert!(watched.iter().any(|(_, lines)| lines.contains(&log)), "nobody looks for alarm=true of {function}");
    }
}
