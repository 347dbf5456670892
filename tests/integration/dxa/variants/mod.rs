//! Rules beside the words of their cases: other spellings, other orders, numbers at their limits (`spec/exchange.md`).

mod agent;
mod lists;
mod notes;

use serde_json::Value;

use super::scene::{Numbers, Scene, resync};
use crate::support::Run;

const PEOPLE: &str = "ou=People,o=Org";
const SERVER: &str = "NET1/PO1";
const FIRST: Numbers = (14, 80, 1, 100);
const SECOND: Numbers = (14, 88, 2, 200);

/// Applies a list; returns what is said of it.
fn apply(scene: &Scene, numbers: Numbers, texts: &[&str]) -> Value {
    scene.drop_file("RESYNC.GLB", &resync(numbers, texts));
    scene.dxa("lists --json").ends(0).json()["lists"][0].clone()
}

/// Returns the lines of a run that begin with the number of a message.
fn said(run: &Run, id: &str) -> Vec<String> {
    let lines = run.stdout.lines().filter(|line| line.starts_with(id));
    lines.map(str::to_owned).collect()
}
