//! What a reading of bytes costs, in bits: the shorter everything is said, the likelier it is.
//!
//! A field costs what it takes to say what it is, and what it takes to say its bytes in every record once that is known.
//! A length costs nothing more in any record, a sync number only its steps, a byte that nothing explains nearly all its
//! bits. So hypotheses about the same bytes can be compared, whatever they are, and a difference of ten bits means odds
//! of a thousand to one.

use std::collections::HashMap;
use std::hash::Hash;

/// Returns the bits of a number of which nothing is known but that small ones are likelier.
pub(super) fn number(value: u64) -> f64 {
    1.15 * (value as f64 + 1.0).log2() + 3.0
}

/// Returns the bits of a record that disagrees with a field of so many bytes, among `count` records.
pub(super) fn exception(size: usize, count: usize) -> f64 {
    8.0 * size as f64 + (count.max(1) as f64).log2() + 1.0
}

/// Returns the bits of the bytes of a run that never changes, apart from saying that there is one.
pub(super) fn constant(byte: u8) -> f64 {
    match byte {
        0 => 1.5,
        0x20 | 0xff => 4.0,
        _ => 8.3,
    }
}

/// Bits of how large steps are.
const SCALE: f64 = 6.0;

/// Returns the bits of the steps from record to record: the least that any of four ways to say them takes.
pub(super) fn steps(steps: &[i64]) -> f64 {
    if steps.is_empty() {
        return 0.0;
    }
    let n = steps.len() as f64;
    let sizes = steps.iter().map(|s| s.unsigned_abs() as f64);
    let falls = steps.iter().filter(|&&s| s < 0).count() as f64;
    let signs = if falls > 0.0 {
        n * entropy(falls / n) + n.log2()
    } else {
        0.0
    };
    let mean = sizes.clone().sum::<f64>() / n;
    let geometric =
        n * ((mean + 1.0) * (mean + 1.0).log2() - mean * mean.max(1e-9).log2()) + 0.5 * n.log2();
    let largest = sizes.fold(0.0, f64::max);
    let uniform = n * (largest + 1.0).log2();
    let listed = listed(steps.iter().copied(), |s| {
        2.0 * (s.unsigned_abs() as f64 + 1.0).log2() + 1.0
    });
    2.0 + listed
        .min(signs + geometric.min(uniform) + SCALE)
        .min(signs + by_size(steps))
}

/// Returns the bits of steps of which a few are far larger than the rest: how many binary digits each has is learnt on the
/// way, and the digits follow.
fn by_size(steps: &[i64]) -> f64 {
    let digits = |s: &i64| 64 - s.unsigned_abs().leading_zeros();
    let sizes = listed(steps.iter().map(digits), |_| 5.0);
    let rest: u32 = steps.iter().map(|s| digits(s).saturating_sub(1)).sum();
    sizes + f64::from(rest)
}

/// Returns the bits of values that are learnt on the way; `new` are those of one that comes for the first time.
pub(in crate::probe) fn listed<T: Eq + Hash>(
    values: impl IntoIterator<Item = T>,
    new: impl Fn(&T) -> f64,
) -> f64 {
    let mut counts = HashMap::<T, f64>::new();
    let mut bits = 0.0;
    for (seen, value) in values.into_iter().enumerate() {
        let kinds = counts.len() as f64;
        let all = seen as f64 + kinds;
        if let Some(count) = counts.get_mut(&value) {
            bits += (all / *count).log2();
            *count += 1.0;
            continue;
        }
        if seen > 0 {
            bits += (all / kinds).log2();
        }
        bits += new(&value);
        counts.insert(value, 1.0);
    }
    bits
}

/// Returns the bits of one byte in every record that nothing explains: `contexts` are what it may depend on.
pub(super) fn unexplained(bytes: &[u8], contexts: &[Vec<u8>]) -> f64 {
    let alone = listed(bytes.iter().copied(), |_| 8.0);
    let given = contexts.iter().map(|context| {
        let mut groups = HashMap::<u8, Vec<u8>>::new();
        for (&byte, &of) in bytes.iter().zip(context) {
            groups.entry(of).or_default().push(byte);
        }
        groups
            .values()
            .map(|group| listed(group.iter().copied(), |_| 8.0))
            .sum::<f64>()
            + 1.0
    });
    // Of bytes that come in no order nothing can be learnt.
    given.fold(alone, f64::min).min(8.0 * bytes.len() as f64)
}

fn entropy(share: f64) -> f64 {
    let part = |p: f64| if p > 0.0 { -p * p.log2() } else { 0.0 };
    part(share) + part(1.0 - share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_steps_cost_less_than_wild_ones() {
        let by_one = steps(&[1; 200]);
        let gaps: Vec<i64> = (0..200).map(|n| 1 + n * 7 % 5).collect();
        let wild: Vec<i64> = (0..200).map(|n| n * 7919 % 1009).collect();
        assert!(by_one < 16.0, "{by_one}");
        assert!(steps(&gaps) > 2.0 * 200.0 && steps(&gaps) < 3.0 * 200.0);
        assert!(steps(&wild) > 9.0 * 200.0 && steps(&wild) < 11.0 * 200.0);
        // A byte of rubbish below a number makes its steps dearer.
        let shifted: Vec<i64> = gaps.iter().map(|s| s * 256 + s * 31 % 256).collect();
        assert!(steps(&shifted) > steps(&gaps) + 50.0);
    }

    #[test]
    fn what_depends_on_another_byte_costs_little() {
        let letters: Vec<u8> = (0..100).map(|n| b"AADM"[n * 13 % 4]).collect();
        let codes: Vec<u8> = letters.iter().map(|l| l / 3).collect();
        let alone = unexplained(&codes, &[]);
        assert!(unexplained(&codes, &[letters]) < alone - 50.0);
    }
}
