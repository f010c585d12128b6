//! Terminals in DynamoDB: the contract of every store, writers that meet, changes that do not fit a transaction, and what breaks in
//! the middle of them.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use portolan_aws::config::Tables;
use portolan_aws::dynamodb::Terminals;
use portolan_functions::adapters::SystemClock;
use portolan_functions::plans::record::Tenant;
use portolan_functions::ports::{StoreError, TerminalStore};
use portolan_functions::terminal::event::{Arrival, Ask, Change, Entity, Outcome, Reason, Receipt};
use portolan_functions::terminal::port::{Past, Query};
use portolan_tests::aws;
use portolan_tests::proxy::{Fault, Proxy, first};
use serde_json::json;

use crate::contracts::SetClock;
use crate::terminal::contract::the_contract;
use crate::terminal::{a_move, ask, details, number, spec};

const T: &str = "T1";
const EVERYTHING: Past = Past { about: None, after: 0, from: None, to: None, limit: 100_000 };

/// A store on new tables, behind a proxy.
struct Place {
    proxy: Proxy,
    tables: Tables,
}

impl Place {
    async fn find() -> Option<Self> {
        let shared = aws::emulator().await?;
        let tables = aws::tables(&shared).await;
        Some(Self { proxy: Proxy::start(shared.endpoint_url().unwrap()).await, tables })
    }

    /// As another process would have it.
    async fn store(&self) -> Terminals {
        aws::terminals(&aws::at(&self.proxy.url).await, &self.tables, Arc::new(SystemClock))
    }

    /// With the layout that the tests use.
    async fn laid_out(&self) -> Terminals {
        let store = self.store().await;
        done(&store, Change::PutTerminal(Box::new(spec()))).await;
        store
    }
}

async fn make(store: &Terminals, ask: Ask) -> Result<Outcome, StoreError> {
    store.change(&Tenant::local(), T, ask).await
}

async fn done(store: &Terminals, change: Change) -> Receipt {
    match make(store, ask(change)).await.unwrap() {
        Outcome::Done(receipt) => receipt,
        other => panic!("{other:?}"),
    }
}

/// Containers in block B, from the ground up.
fn arrivals(count: usize) -> Vec<Arrival> {
    let line = |at: usize| {
        let (stack, tier) = (at / 4, at % 4 + 1);
        let slot = format!("B/{}/{}/{tier}", stack / 6 + 1, stack % 6 + 1);
        Arrival {
            number: number(at),
            slot: (at < 240).then(|| slot.parse().unwrap()),
            size_type: "22G1".to_owned(),
            weight_kg: Some(10_000),
            reefer: false,
            hazard: None,
            destination: Some("call:X".parse().unwrap()),
            priority: 0,
            hold: false,
            status: None,
        }
    };
    (0..count).map(line).collect()
}

fn load(arrivals: Vec<Arrival>) -> Change {
    Change::Load { arrivals, only_check: false }
}

/// Nothing floats, is doubled or is lost, and the history adds up to what there is.
async fn is_sound(store: &Terminals, containers: usize) {
    let tenant = Tenant::local();
    let all = store.snapshot(&tenant, T, None).await.unwrap();
    assert_eq!(all.containers().count(), containers);
    let mut slots: Vec<_> = all.containers().filter_map(|container| container.slot.clone()).collect();
    slots.sort();
    for slot in &slots {
        let list = Query { stack: Some(slot.stack.clone()), ..containers_of_all() };
        let held = store.list(&tenant, T, list).await.unwrap().items;
        let in_slots = slots.iter().filter(|other| other.stack == slot.stack).count();
        assert_eq!(held.len(), in_slots, "{}", slot.stack);
    }
    slots.dedup();
    assert_eq!(slots.len(), all.containers().filter(|container| container.slot.is_some()).count(), "one a slot");
    let history = store.history(&tenant, T, EVERYTHING).await.unwrap().items;
    assert!(history.iter().map(|event| event.stamp.version).eq(1..=all.version), "no gap");
    let mut replayed = std::collections::BTreeMap::new();
    for event in history {
        let key = (event.entity, event.id);
        match event.after {
            Some(body) => replayed.insert(key, body),
            None => replayed.remove(&key),
        };
    }
    let bodies: Vec<_> = all.records.into_iter().map(|record| record.body).collect();
    assert_eq!(replayed.into_values().collect::<Vec<_>>(), bodies);
}

fn containers_of_all() -> Query {
    Query { entity: Entity::Container, destination: None, stack: None, after: None, limit: 100_000 }
}

#[tokio::test]
async fn terminals_in_dynamodb() {
    let Some(shared) = aws::emulator().await else { return };
    let (tables, clock) = (aws::tables(&shared).await, SetClock::new());
    let store = aws::terminals(&shared, &tables, clock.clone());
    the_contract(&store, &clock).await;
    let named = store.terminals(&Tenant::local(), "", 10).await.unwrap();
    assert_eq!(named.items.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), [T]);
    assert!(store.terminals(&Tenant::new("loca"), "", 10).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn times_of_events_never_go_back_whatever_the_clock_does() {
    let Some(shared) = aws::emulator().await else { return };
    let (tables, clock) = (aws::tables(&shared).await, SetClock::new());
    let store = aws::terminals(&shared, &tables, clock.clone());
    done(&store, Change::PutTerminal(Box::new(spec()))).await;
    clock.pass(-5);
    for at in 0..3 {
        done(&store, Change::PutContainer(number(at), details(None))).await;
    }
    let history = store.history(&Tenant::local(), T, EVERYTHING).await.unwrap().items;
    let times: Vec<Timestamp> = history.iter().map(|event| event.stamp.at).collect();
    assert!(times.is_sorted() && times.len() == 4, "{times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_that_meet_make_one_row_of_events_and_move_no_container_twice() {
    let Some(place) = Place::find().await else { return };
    let store = place.laid_out().await;
    done(&store, load(arrivals(8))).await;
    let writers = (0..4).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut moved = 0;
            // All want the same containers; who comes late is told where they are.
            for at in [3, 7] {
                let from = format!("B/1/{}/4", at / 4 + 1);
                let change = a_move(&number(at), &from, &format!("B/2/{}", writer + 1));
                match make(&store, ask(change)).await.unwrap() {
                    Outcome::Done(_) => moved += 1,
                    Outcome::Refused(refusal) => assert_eq!(refusal.reason, Reason::Moved, "{refusal:?}"),
                    Outcome::Again(_) => panic!("without a key"),
                }
            }
            moved
        })
    });
    let mut moved = 0;
    for writer in writers.collect::<Vec<_>>() {
        moved += writer.await.unwrap();
    }
    assert_eq!(moved, 2, "each was moved by one");
    is_sound(&store, 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_used_by_many_at_once_has_one_effect() {
    let Some(place) = Place::find().await else { return };
    let store = place.laid_out().await;
    done(&store, Change::PutContainer(number(1), details(None))).await;
    let keyed = || Ask { key: Some(("k".to_owned(), "d".to_owned())), ..ask(a_move(&number(1), "out", "B/1/1")) };
    let (a, b, c) = tokio::join!(make(&store, keyed()), make(&store, keyed()), make(&store, keyed()));
    let outcomes = [a.unwrap(), b.unwrap(), c.unwrap()];
    let count = |wanted: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| wanted(outcome)).count();
    assert_eq!((count(|it| matches!(it, Outcome::Done(_))), count(|it| matches!(it, Outcome::Again(_)))), (1, 2));
    assert_eq!(store.version(&Tenant::local(), T).await.unwrap(), 3);
}

#[tokio::test]
async fn a_list_that_fits_no_transaction_is_taken_over_as_a_whole_and_so_a_terminal_is_removed() {
    let Some(place) = Place::find().await else { return };
    let store = place.laid_out().await;
    let keyed = || Ask { key: Some(("k".to_owned(), "d".to_owned())), ..ask(load(arrivals(300))) };
    let Outcome::Done(receipt) = make(&store, keyed()).await.unwrap() else { panic!("it fits the yard") };
    assert_eq!((receipt.events, receipt.version), (300, 301));
    assert!(matches!(make(&store, keyed()).await.unwrap(), Outcome::Again(again) if again == receipt));
    is_sound(&store, 300).await;
    let mut seen = Vec::new();
    loop {
        let after = seen.last().cloned();
        let part = store.list(&Tenant::local(), T, Query { after, limit: 70, ..containers_of_all() }).await.unwrap();
        assert!(part.items.len() == 70 || !part.more);
        seen.extend(part.items.iter().map(|record| record.body.name().1));
        if !part.more {
            break;
        }
    }
    assert!(seen.len() == 300 && seen.is_sorted(), "page after page, none twice");
    let destination = Some("call:X".parse().unwrap());
    let to_x = store.list(&Tenant::local(), T, Query { destination, limit: 250, ..containers_of_all() }).await.unwrap();
    assert!(to_x.items.len() == 250 && to_x.more);

    let refused = make(&store, ask(Change::RemoveTerminal)).await.unwrap();
    assert!(matches!(refused, Outcome::Refused(refusal) if refusal.reason == Reason::InUse));
}

#[tokio::test]
async fn a_terminal_is_removed_with_all_its_records_at_once() {
    let Some(place) = Place::find().await else { return };
    let store = place.laid_out().await;
    let announced = arrivals(320).into_iter().skip(240).map(|arrival| Arrival { slot: None, ..arrival });
    done(&store, load(announced.collect())).await;
    let removed = done(&store, Change::RemoveTerminal).await;
    assert_eq!((removed.events, removed.record), (81, None));
    let tenant = Tenant::local();
    assert!(store.snapshot(&tenant, T, None).await.unwrap().records.is_empty());
    assert!(store.terminals(&tenant, "", 10).await.unwrap().items.is_empty());
    let made = done(&store, Change::PutTerminal(Box::new(spec()))).await;
    assert!(made.created && made.version == removed.version + 1, "its history goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_change_whose_process_dies_is_carried_out_by_the_next_who_comes() {
    let Some(place) = Place::find().await else { return };
    let store = place.laid_out().await;
    // Of the transactions that carry it out, one goes through; then the process is gone.
    let dies_after = |left: usize| {
        let left = std::sync::Mutex::new(left);
        move |operation: &str| {
            if operation != "TransactWriteItems" {
                return Fault::Pass;
            }
            let mut left = left.lock().unwrap();
            *left = left.saturating_sub(1);
            if *left == 0 { Fault::Late(Duration::from_hours(1)) } else { Fault::Pass }
        }
    };
    place.proxy.treat(dies_after(2));
    let keyed = Ask { key: Some(("k".to_owned(), "d".to_owned())), ..ask(load(arrivals(100))) };
    let dying = {
        let keyed = keyed.clone();
        tokio::spawn(async move { make(&store, keyed).await })
    };
    aws::until("it is under way", async || (place.proxy.asked("TransactWriteItems") >= 3).then_some(())).await;
    dying.abort();
    let _ = dying.await;
    place.proxy.treat(|_| Fault::Pass);

    let next = place.store().await.patient(Duration::from_millis(300));
    assert_eq!(next.version(&Tenant::local(), T).await.unwrap(), 1, "nobody was told of it");
    is_sound(&next, 100).await;
    let Outcome::Again(receipt) = make(&next, keyed).await.unwrap() else { panic!("its key is known") };
    assert_eq!(receipt.events, 100);
    done(&next, a_move(&number(3), "B/1/1/4", "B/9/1")).await;
    is_sound(&next, 100).await;
}

#[tokio::test]
async fn an_answer_that_gets_lost_is_no_second_move() {
    let Some(place) = Place::find().await else { return };
    let store = place.laid_out().await;
    done(&store, Change::PutContainer(number(1), details(None))).await;
    place.proxy.treat(first("TransactWriteItems", 1, Fault::Swallow));
    let moved = done(&store, a_move(&number(1), "out", "B/1/1")).await;
    assert_eq!((moved.version, store.version(&Tenant::local(), T).await.unwrap()), (3, 3), "tried again, done once");
    is_sound(&store, 1).await;
}

#[tokio::test]
async fn throttling_is_waited_out_and_given_up_after_a_few_tries() {
    let Some(place) = Place::find().await else { return };
    let store = place.laid_out().await;
    place.proxy.treat(first("GetItem", 2, Fault::Throttle));
    assert_eq!(store.version(&Tenant::local(), T).await.unwrap(), 1);
    let before = place.proxy.asked("GetItem");
    place.proxy.treat(|_| Fault::Throttle);
    assert!(matches!(store.version(&Tenant::local(), T).await, Err(StoreError::Unavailable(_))));
    assert_eq!(place.proxy.asked("GetItem") - before, 3, "tries are made in one layer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_too_long_for_one_change_comes_in_parts_and_goes_on_where_it_was() {
    let Some(place) = Place::find().await else { return };
    let stores = portolan_tests::server_at::Setup::default();
    let terminals = Arc::new(place.laid_out().await.at_most(40));
    let setup = portolan_tests::server_at::Setup { terminals: terminals.clone(), ..stores };
    let server = portolan_tests::server_at::Server::start(setup).await;
    // Upside down, so that the order of lines is none of stacks; two lines are bad, and what stands on the second.
    let mut table = "number,slot,size_type\n".to_owned();
    for arrival in arrivals(100).iter().rev() {
        let size_type = if arrival.number == number(98) { "99G1" } else { "22G1" };
        table += &format!("{},{},{size_type}\n", arrival.number, arrival.slot.as_ref().unwrap());
    }
    table += "nonsense,,22G1\n";
    let send = async |query: &str| {
        let path = format!("/v1/terminals/{T}/containers{query}");
        let request = server.request(reqwest::Method::POST, &path).header("content-type", "text/csv");
        server.send(request.header("idempotency-key", "long").body(table.clone())).await
    };
    let whole = send("").await;
    assert_eq!(whole.is_problem(422, "invalid").body["issues"][0]["code"], "too_many_lines", "{:#}", whole.body);
    let kept = send("?keep=good").await;
    assert_eq!(kept.status, 200, "{:#}", kept.body);
    assert_eq!(kept.body["loaded"], 98, "{:#}", kept.body);
    let paths: Vec<&str> =
        kept.body["issues"].as_array().unwrap().iter().map(|issue| issue["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/lines/2/slot", "/lines/3/size_type", "/lines/102/number"]);
    let again = send("?keep=good").await;
    assert_eq!((again.header("idempotent-replayed"), &again.body["loaded"]), ("true", &json!(98)));
    is_sound(&terminals, 98).await;
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_what_a_plain_model_does() {
    let Some(place) = Place::find().await else { return };
    let open = async || {
        let store: Arc<dyn TerminalStore> = Arc::new(place.store().await);
        store
    };
    crate::terminal::model::agrees(open, 200, 1).await;
}
