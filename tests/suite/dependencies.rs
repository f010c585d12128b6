//! What the workspace may depend on. Works offline, from the lock file alone.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use portolan_tests::repository;

/// Licences that go with Apache-2.0. A crate passes if any way to satisfy its expression uses only these.
const LICENCES: [&str; 12] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CDLA-Permissive-2.0", // data: the root certificates that browsers trust
    "CC0-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Zlib",
];

/// Crates that the pure solver crate must not reach: runtimes, sockets, clouds, and builds that need a C++ tool chain.
const NOT_IN_THE_SOLVER: [&str; 8] = ["tokio", "hyper", "axum", "mio", "redb", "aws-config", "lambda_runtime", "cmake"];

fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--locked", "--offline", "--filter-platform=x86_64-unknown-linux-gnu"])
        .current_dir(repository())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo writes JSON")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// `MIT OR (Apache-2.0 AND BSD-3-Clause)`: one alternative must be allowed in all its parts.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], "");
    expression.split(" OR ").any(|way| way.split(" AND ").all(|licence| LICENCES.contains(&licence.trim())))
}

#[test]
fn every_dependency_is_from_the_registry_and_under_a_licence_we_can_ship() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let Some(source) = package["source"].as_str() else { continue };
        if !source.starts_with("registry+") {
            wrong.push(format!("{} comes from {source}", text(package, "id")));
        }
        if !is_allowed(text(package, "license")) {
            wrong.push(format!("{} is under {:?}", text(package, "name"), text(package, "license")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_solver_reaches_no_runtime_socket_or_cloud() {
    let metadata = metadata();
    let nodes: BTreeMap<&str, &Value> =
        metadata["resolve"]["nodes"].as_array().expect("nodes").iter().map(|node| (text(node, "id"), node)).collect();
    let names: BTreeMap<&str, &str> = metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|package| (text(package, "id"), text(package, "name")))
        .collect();
    let root =
        names.iter().find(|(id, name)| **name == "portolan" && id.contains("shared")).expect("the solver crate").0;
    // The API description is a feature of its own; follow what the library itself needs.
    let mut reached = BTreeSet::new();
    let mut open = vec![*root];
    while let Some(id) = open.pop() {
        for dependency in nodes[id]["deps"].as_array().expect("deps") {
            let normal = dependency["dep_kinds"].as_array().expect("kinds").iter().any(|kind| kind["kind"].is_null());
            let next = text(dependency, "pkg");
            if normal && reached.insert(names[next]) {
                open.push(next);
            }
        }
    }
    let wrong: Vec<&&str> =
        reached.iter().filter(|name| NOT_IN_THE_SOLVER.contains(*name) || name.starts_with("aws-")).collect();
    assert!(reached.contains("serde"), "the walk found nothing");
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn every_pinned_dependency_says_why_it_is_there() {
    let manifest = std::fs::read_to_string(repository().join("Cargo.toml")).expect("the manifest");
    let section = manifest.split("[workspace.dependencies]").nth(1).expect("the section");
    let section = section.split("\n[").next().expect("its text");
    let silent: Vec<&str> = section
        .lines()
        .filter(|line| line.contains('=') && !line.starts_with('#') && !line.starts_with("portolan"))
        .filter(|line| !line.contains("# "))
        .collect();
    assert!(silent.is_empty(), "no reason given:\n{}", silent.join("\n"));
}
