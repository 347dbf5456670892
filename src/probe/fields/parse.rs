//! The choice of the fields: of all ways to cut the parts of a record into fields, the one that says every byte of every
//! record in the fewest bits.
//!
//! Each way is a path over the bytes; each step is a field that may stand there, or a byte that stands for itself. What
//! every field costs is known, so the best path, and the best path through any given field, are found in one pass from
//! the front and one from the back. A field that a path nearly as good goes through is another reading of its bytes.

use super::leftover::{self, Plain};
use super::{Candidate, Columns, Role};
use crate::probe::layout::{Field, Meaning};
use crate::probe::value::{Code, Place};

/// Bits within which another reading stays in doubt: odds of some hundred to one.
pub(in crate::probe) const NEAR: f64 = 8.0;

/// Bits of beginning a run of bytes that never change.
const RUN: f64 = 3.0;
/// Bits of a second field of a kind of which a record has one.
const AGAIN: f64 = 9.0;
/// Bits of a second sync number: what rises besides is rather the higher half of a date.
const SYNC_AGAIN: f64 = 40.0;
/// Bits of a number in another byte order than the rest.
const OTHER_ORDER: f64 = 4.5;
/// Bits of a framing that does not say what ended its texts when they were found.
const NO_LENGTH: f64 = 200.0;

/// Which kinds were used, and whether the byte before was a constant.
const STATES: usize = 16;
const IN_RUN: usize = 8;

/// All that can stand in the records, byte by byte.
struct Net<'c> {
    plain: Vec<Plain>,
    /// The fields with the byte each begins at, and those that end at a byte.
    starts: Vec<Vec<&'c Candidate>>,
    order: Code,
    needs_length: bool,
}

impl Net<'_> {
    fn field_bits(&self, candidate: &Candidate, state: usize) -> (f64, usize) {
        let mark = candidate.role.mark();
        let again = match candidate.role {
            _ if mark & state == 0 => 0.0,
            Role::Sync => SYNC_AGAIN,
            _ => AGAIN,
        };
        let place = &candidate.place;
        let order = match place.code {
            Code::Little | Code::Big if place.size == 1 => 0.0,
            code @ (Code::Little | Code::Big) if code != self.order => OTHER_ORDER,
            _ => 0.15,
        };
        let aligned = if place.size > 1 && place.offset % 2 == 1 {
            0.4
        } else if place.size == 4 && place.offset % 4 != 0 {
            0.2
        } else {
            0.0
        };
        let bits = candidate.bits + order + aligned + again;
        (bits, (state | mark) & !IN_RUN)
    }

    fn byte_bits(&self, at: usize, state: usize) -> (f64, usize) {
        let plain = self.plain[at];
        match (plain.is_constant, state & IN_RUN != 0) {
            (true, true) => (plain.bits, state),
            (true, false) => (plain.bits + RUN, state | IN_RUN),
            (false, _) => (plain.bits, state & !IN_RUN),
        }
    }

    fn end_bits(&self, state: usize) -> f64 {
        let missing = |role: Role, bits: f64| if state & role.mark() == 0 { bits } else { 0.0 };
        missing(Role::Sync, 3.0)
            + missing(Role::Stamp, 2.0)
            + if self.needs_length {
                missing(Role::Length, NO_LENGTH)
            } else {
                0.0
            }
    }

    /// Returns the bits of the best way to each byte, by state, and how it was reached.
    fn forward(&self) -> Vec<[f64; STATES]> {
        let mut best = vec![[f64::INFINITY; STATES]; self.plain.len() + 1];
        best[0][0] = 0.0;
        for at in 0..self.plain.len() {
            for state in 0..STATES {
                let sum = best[at][state];
                if sum.is_infinite() {
                    continue;
                }
                let (bits, next) = self.byte_bits(at, state);
                best[at + 1][next] = best[at + 1][next].min(sum + bits);
                for candidate in &self.starts[at] {
                    let (bits, next) = self.field_bits(candidate, state);
                    let end = &mut best[at + candidate.place.size][next];
                    *end = end.min(sum + bits);
                }
            }
        }
        best
    }

    /// Returns the bits from each byte to the end, by state.
    fn backward(&self) -> Vec<[f64; STATES]> {
        let len = self.plain.len();
        let mut best = vec![[f64::INFINITY; STATES]; len + 1];
        for (state, end) in best[len].iter_mut().enumerate() {
            *end = self.end_bits(state);
        }
        for at in (0..len).rev() {
            for state in 0..STATES {
                let (bits, next) = self.byte_bits(at, state);
                let mut least = bits + best[at + 1][next];
                for candidate in &self.starts[at] {
                    let (bits, next) = self.field_bits(candidate, state);
                    least = least.min(bits + best[at + candidate.place.size][next]);
                }
                best[at][state] = least;
            }
        }
        best
    }
}

/// Chooses the fields, and returns the bits of all; each comes with the other readings that say its bytes in nearly as
/// few bits.
pub(super) fn parse(
    columns: &Columns<'_>,
    candidates: &[Candidate],
    needs_length: bool,
) -> (Vec<Field>, f64) {
    let mut plain = Vec::new();
    let mut bases = Vec::new();
    for (zone, len) in columns.zones() {
        bases.push((zone, plain.len()));
        plain.extend(leftover::plain(columns, zone, len));
    }
    let at = |place: &Place| {
        let base = bases.iter().find(|(zone, _)| *zone == place.zone);
        base.map_or(0, |(_, base)| base + place.offset)
    };
    let mut starts = vec![Vec::new(); plain.len()];
    for candidate in candidates {
        starts[at(&candidate.place)].push(candidate);
    }
    let nets = [Code::Little, Code::Big].map(|order| Net {
        plain: plain.clone(),
        starts: starts.clone(),
        order,
        needs_length,
    });
    let passes = nets.each_ref().map(|net| (net.forward(), net.backward()));
    let prior = |order| if order == Code::Little { 0.5 } else { 1.7 };
    let totals: Vec<f64> = nets
        .iter()
        .zip(&passes)
        .map(|(net, pass)| pass.1[0][0] + prior(net.order))
        .collect();
    let index = usize::from(totals[1] < totals[0]);
    let least = totals[index];
    let chosen = path(&nets[index], &passes[index].1);
    let mut fields: Vec<Field> = chosen
        .iter()
        .map(|c| Field::new(c.place, c.meaning.clone()))
        .collect();
    leftover::rest(columns, &mut fields);
    // How many bits more a path through another field takes.
    let more = |candidate: &Candidate| {
        let from = at(&candidate.place);
        let sums = nets.iter().zip(&passes).flat_map(|(net, (front, back))| {
            (0..STATES).map(move |state| {
                let (bits, next) = net.field_bits(candidate, state);
                let end = back[from + candidate.place.size][next];
                front[from][state] + bits + end + prior(net.order)
            })
        });
        sums.fold(f64::INFINITY, f64::min) - least
    };
    let mut others: Vec<(f64, &Candidate)> = candidates
        .iter()
        .filter(|c| !chosen.iter().any(|f| std::ptr::eq(*f, *c)))
        .filter(|c| !matches!(c.meaning, Meaning::Unknown { .. }))
        .map(|c| (more(c), c))
        .filter(|(more, _)| *more < NEAR)
        .collect();
    others.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (_, other) in others {
        let is_plain =
            |f: &Field| matches!(f.meaning, Meaning::Constant(_) | Meaning::Unknown { .. });
        let mut overlapped: Vec<_> = fields
            .iter_mut()
            .filter(|f| f.place.overlaps(&other.place))
            .collect();
        // It is told where it matters most: at the field whose bytes it takes.
        overlapped.sort_by_key(|f| is_plain(f));
        if let Some(field) = overlapped.into_iter().next() {
            field.others.push((other.place, other.meaning.clone()));
        }
    }
    fields.sort_by_key(|f| f.place);
    (fields, least)
}

/// Returns the fields of the best path.
fn path<'c>(net: &Net<'c>, back: &[[f64; STATES]]) -> Vec<&'c Candidate> {
    let (mut at, mut state) = (0, 0);
    let mut chosen = Vec::new();
    while at < net.plain.len() {
        let (bits, next) = net.byte_bits(at, state);
        let mut best = (bits + back[at + 1][next], None, next);
        for &candidate in &net.starts[at] {
            let (bits, next) = net.field_bits(candidate, state);
            let sum = bits + back[at + candidate.place.size][next];
            if sum < best.0 {
                best = (sum, Some(candidate), next);
            }
        }
        state = best.2;
        at += best.1.map_or(1, |c| c.place.size);
        chosen.extend(best.1);
    }
    chosen
}
