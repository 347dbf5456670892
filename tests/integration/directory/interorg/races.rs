//! Several who work with one table at once, and one who is killed.

use std::env;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use dirsync::directory::interorg::store::StoreError;
use dirsync::directory::interorg::{Epoch, Master, Member, Usn};

use super::over_both;
use super::place::{Address, Place, change, shown};

over_both!(
    of_many_who_make_it_at_once_one_does,
    those_who_change_it_at_once_wait_and_lose_nothing,
    who_waits_too_long_is_told,
    who_is_killed_in_the_middle_leaves_nothing,
);

/// Names the table to the process that is killed.
const VICTIM: &str = "DIRSYNC_TEST_VICTIM";

/// What that process says when it is in the middle.
const READY: &str = "in the middle of a change";

fn of_many_who_make_it_at_once_one_does(make: fn() -> Place) {
    const MANY: usize = 8;
    let place = make();
    let start = Barrier::new(MANY);
    let opened = |at: usize| {
        start.wait();
        let epoch = || Epoch::new(&format!("epoch-{at}")).expect("an epoch");
        let table = place.address.open_with(Duration::from_secs(60), epoch);
        let mut table = table.unwrap_or_else(|error| panic!("{error}"));
        change(&mut table, |change| change.head()).epoch
    };
    let epochs: Vec<Epoch> = thread::scope(|scope| {
        let opened = &opened;
        let threads: Vec<_> = (0..MANY)
            .map(|at| scope.spawn(move || opened(at)))
            .collect();
        let ended = threads.into_iter().map(|thread| thread.join());
        ended.map(|epoch| epoch.expect("it opened")).collect()
    });
    let first = &epochs[0];
    assert!(epochs.iter().all(|epoch| epoch == first), "{epochs:?}");
}

fn those_who_change_it_at_once_wait_and_lose_nothing(make: fn() -> Place) {
    const HUBS: u64 = 4;
    const CHANGES: u64 = 15;
    let place = make();
    let start = Barrier::new(HUBS as usize);
    thread::scope(|scope| {
        for hub in 0..HUBS {
            let (place, start) = (&place, &start);
            scope.spawn(move || {
                let mut table = place.open().expect("opened");
                start.wait();
                for at in 0..CHANGES {
                    change(&mut table, |change| {
                        let head = change.head()?;
                        let usn = head.last.next().expect("a number");
                        let of = format!("ORG{hub}:{at}");
                        change.put(&[shown(&of, usn.0, &format!("{usn}@o"))])?;
                        change.set_head(&Master { last: usn, ..head })
                    });
                }
            });
        }
    });
    let mut table = place.open().expect("opened");
    change(&mut table, |change| {
        assert_eq!(change.head()?.last, Usn(HUBS * CHANGES));
        let mut numbers = Vec::new();
        change.above(Usn::NONE, "", &mut |row| numbers.push(row.usn.0))?;
        assert!(numbers.into_iter().eq(1..=HUBS * CHANGES));
        for hub in 0..HUBS {
            let keys = change.keys_of(&format!("ORG{hub}"))?;
            assert_eq!(keys.len() as u64, CHANGES);
        }
        Ok(())
    });
}

fn who_waits_too_long_is_told(make: fn() -> Place) {
    let place = make();
    let mut first = place.open().expect("opened");
    let epoch = || panic!("it has its epoch already");
    let mut second = place
        .address
        .open_with(Duration::from_millis(20), epoch)
        .expect("opened");
    let held = first.begin().expect("begun");
    for _ in 0..2 {
        let refused = second.begin().err().expect("it is held");
        assert!(matches!(refused, StoreError::Busy { .. }), "{refused:?}");
    }
    drop(held);
    change(&mut second, |change| {
        change.set_member(&Member::new("ORG1"))
    });
    assert_eq!(change(&mut first, |change| change.members()), ["ORG1"]);
}

/// The process that is killed: whatever becomes of the one that started it, it ends.
struct Victim(Child);

impl Victim {
    /// Runs a test of this binary as the victim, and returns when it is in the middle.
    fn start(test: &str, address: &Address) -> Self {
        let program = env::current_exe().expect("known");
        let child = Command::new(program)
            .args([test, "--exact", "--nocapture"])
            .env(VICTIM, address.to_text())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it runs");
        let mut victim = Self(child);
        let output = victim.0.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.ends_with(READY)), "it ended before");
        victim
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Begins a change, and waits in the middle of it.
fn be_killed(address: &str) {
    let mut table = Address::parse(address).open().expect("opened");
    let mut change = table.begin().expect("begun");
    change.put(&[shown("ORG1:b", 2, "b@o")]).expect("written");
    change.set_member(&Member::new("ORG1")).expect("written");
    assert!(change.see("ORG1", "m1").expect("written"));
    println!("{READY}");
    // Nothing comes, but an end if whoever is to kill it is gone.
    let _ = io::stdin().read_to_end(&mut Vec::new());
    panic!("nobody killed it");
}

fn who_is_killed_in_the_middle_leaves_nothing(make: fn() -> Place) {
    if let Ok(address) = env::var(VICTIM) {
        return be_killed(&address);
    }
    let place = make();
    let mut table = place.open().expect("opened");
    change(&mut table, |change| {
        change.put(&[shown("ORG1:a", 1, "a@o")])
    });
    let kind = match place.address {
        Address::Sqlite(_) => "sqlite",
        #[cfg(feature = "postgres")]
        Address::Postgres { .. } => "postgres",
    };
    let module = module_path!().split_once("::").expect("a module").1;
    let test = format!("{module}::{kind}::who_is_killed_in_the_middle_leaves_nothing");
    let victim = Victim::start(&test, &place.address);
    drop(victim);
    // One that has it open, and one that opens it after the fall.
    for mut table in [table, place.open().expect("opened")] {
        let mut change = table.begin().expect("begun");
        let mut keys = Vec::new();
        let listed = change.above(Usn::NONE, "", &mut |row| keys.push(row.key.to_string()));
        listed.expect("read");
        assert_eq!(keys, ["ORG1:a"]);
        assert!(change.members().expect("read").is_empty());
        assert!(change.see("ORG1", "m1").expect("written"));
    }
}
