//! Who gets a slot of a group, who waits, and what is free again after a death.

use std::io::Read;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{as_child, child, folder};
use crate::id::RunId;
use crate::journal::{Answer, Group, Slot, Tenant, Ticket};
use crate::time::Timestamp;

fn tenant(run: &str, since: i64) -> Tenant {
    Tenant {
        run: RunId::parse(run).unwrap(),
        pid: std::process::id(),
        user: "ana".to_owned(),
        host: "ops1".to_owned(),
        since: Timestamp(since),
        kept_until: None,
    }
}

fn slot(answer: Answer) -> Slot {
    match answer {
        Answer::Slot(slot) => slot,
        full @ Answer::Full(..) => panic!("{full:?}"),
    }
}

/// Who has the slots, and who is before the asker.
fn full(answer: Answer) -> (Vec<String>, Vec<String>) {
    let names = |tenants: Vec<Tenant>| tenants.iter().map(|t| t.run.to_string()).collect();
    match answer {
        Answer::Full(taken, before) => (names(taken), names(before)),
        Answer::Slot(slot) => panic!("{slot:?}"),
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn a_slot_is_one_runs_until_it_is_given_back() {
    let state = folder();
    let group = Group::open(state.path(), "dr / eu").unwrap();
    let ask = |run: &str, limit, now| {
        let now = Timestamp(now);
        group.ask(&tenant(run, 0), limit, None, now).unwrap()
    };
    let first = slot(ask("a", 1, 5_000));
    let Answer::Full(taken, before) = ask("b", 1, 6_000) else {
        panic!("there is one slot");
    };
    let pid = std::process::id();
    assert_eq!(
        taken[0].to_string(),
        format!("run a since 00:00:05 (ana on ops1, process {pid})")
    );
    assert!(before.is_empty());
    // Who allows two sees one free; who allows one sees both taken, whatever their numbers are.
    let second = slot(ask("c", 2, 7_000));
    drop(first);
    assert_eq!(full(ask("b", 1, 8_000)).0, names(&["c"]));
    drop(second);
    slot(ask("b", 1, 9_000));
    // Another name is another group, however alike they look as the name of a folder.
    let other = Group::open(state.path(), "dr - eu").unwrap();
    let _held = slot(ask("a", 1, 9_000));
    slot(other.ask(&tenant("b", 0), 1, None, Timestamp(0)).unwrap());
}

#[test]
fn who_waits_is_served_in_turn() {
    fn ask(group: &Group, who: &Tenant, ticket: Option<&Ticket>) -> Answer {
        group.ask(who, 2, ticket, Timestamp(9_000)).unwrap()
    }
    let state = folder();
    let group = Group::open(state.path(), "g").unwrap();
    let now = Timestamp(9_000);
    let held = slot(group.ask(&tenant("a", 0), 2, None, now).unwrap());
    let also = slot(group.ask(&tenant("b", 0), 2, None, now).unwrap());
    let (early, late) = (tenant("early", 1), tenant("late", 2));
    // Whoever comes first to the line: since when they wait decides.
    let last = group.queue(&late).unwrap();
    let first = group.queue(&early).unwrap();
    drop(held);
    let expected = (names(&["b"]), names(&["early"]));
    assert_eq!(full(ask(&group, &late, Some(&last))), expected);
    // A newcomer does not jump the line.
    let expected = (names(&["b"]), names(&["early", "late"]));
    assert_eq!(full(ask(&group, &tenant("new", 3), None)), expected);
    // With two free, the second in the line gets the second.
    drop(also);
    let second = slot(ask(&group, &late, Some(&last)));
    drop(last);
    let third = slot(ask(&group, &early, Some(&first)));
    drop((first, second, third));
    slot(ask(&group, &tenant("new", 3), None));
}

#[test]
fn a_run_that_changes_hands_keeps_its_slot_for_a_moment() {
    let state = folder();
    let group = Group::open(state.path(), "g").unwrap();
    let (own, other) = (tenant("own", 0), tenant("other", 0));
    let ask = |who: &Tenant, now| group.ask(who, 1, None, Timestamp(now)).unwrap();
    slot(ask(&own, 1_000)).keep(Timestamp(20_000)).unwrap();
    assert_eq!(full(ask(&other, 20_001)).0, names(&["own"]));
    // Those that wait do not come before it: it has waited already.
    let ticket = group.queue(&other).unwrap();
    slot(ask(&own, 20_002)).keep(Timestamp(20_003)).unwrap();
    drop(ticket);
    // Nobody came.
    slot(ask(&other, 30_004)).keep(Timestamp(50_000)).unwrap();
    // A clock that was set back keeps it for nobody.
    slot(ask(&own, 31_000));
}

#[test]
fn of_many_at_once_no_more_than_allowed_have_one() {
    let state = folder();
    let inside = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for n in 0..6 {
            let (inside, state) = (&inside, state.path());
            scope.spawn(move || {
                let group = Group::open(state, "g").unwrap();
                let own = tenant(&format!("r{n}"), n);
                let mut got = 0;
                while got < 20 {
                    let answer = group.ask(&own, 2, None, Timestamp(0)).unwrap();
                    if let Answer::Slot(slot) = answer {
                        let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
                        assert!(now <= 2, "{now} at once");
                        got += 1;
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(slot);
                    }
                }
            });
        }
    });
}

#[test]
fn a_death_frees_the_slot_and_the_place_in_the_line() {
    if let Some(state) = as_child() {
        let group = Group::open(&state, "g").unwrap();
        let (own, waits) = (tenant("dead", 0), tenant("dead-too", 0));
        let _slot = slot(group.ask(&own, 1, None, Timestamp(0)).unwrap());
        let _ticket = group.queue(&waits).unwrap();
        println!("\nheld");
        std::thread::park();
    }
    let state = folder();
    let test = "journal::tests::group::a_death_frees_the_slot_and_the_place_in_the_line";
    let mut child = child(test, state.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = Vec::new();
    let mut out = child.stdout.take().unwrap();
    while !String::from_utf8_lossy(&said).contains("\nheld\n") {
        let mut byte = [0];
        assert_ne!(out.read(&mut byte).unwrap(), 0, "it ended early");
        said.push(byte[0]);
    }
    let group = Group::open(state.path(), "g").unwrap();
    let ask = || {
        group
            .ask(&tenant("next", 5), 1, None, Timestamp(0))
            .unwrap()
    };
    let expected = (names(&["dead"]), names(&["dead-too"]));
    assert_eq!(full(ask()), expected);
    child.kill().unwrap();
    child.wait().unwrap();
    slot(ask());
}
