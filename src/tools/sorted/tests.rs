use proptest::prelude::*;

use super::*;

type Pair = (Vec<u8>, Vec<u8>);

fn sorted(records: &[Pair], memory: usize) -> (Vec<Pair>, u64) {
    let mut sorter = Sorter::new(memory, None);
    // The least memory of a real sort would keep all of this in it.
    sorter.memory = memory;
    for (key, value) in records {
        sorter.push(key, value).expect("written");
    }
    let mut sorted = sorter.finish().expect("written");
    let mut found = Vec::new();
    while let Some((key, value)) = sorted.next().expect("read") {
        found.push((key.to_vec(), value.to_vec()));
    }
    assert!(
        sorted.next().expect("read").is_none(),
        "it stays at its end"
    );
    sorted.rewind().expect("read");
    for (key, value) in &found {
        let again = sorted.next().expect("read");
        assert_eq!(again, Some((&key[..], &value[..])));
    }
    (found, sorted.spilled)
}

#[test]
fn records_of_one_key_stay_in_their_order_over_many_runs_and_levels() {
    let records: Vec<Pair> = (0..5000_u32)
        .map(|n| (vec![b'k', (n % 7) as u8], n.to_be_bytes().to_vec()))
        .collect();
    let mut expected = records.clone();
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    // Eight records in a run: over 600 runs, three levels.
    let (found, spilled) = sorted(&records, 256);
    assert_eq!(found, expected);
    assert!(spilled > 2 * 5000 * 14, "{spilled} bytes");
    let (found, spilled) = sorted(&records, 1 << 20);
    assert_eq!((found, spilled), (expected, 0));
}

proptest! {
    #[test]
    fn whatever_fits_comes_out_as_a_stable_sort_has_it(
        records in proptest::collection::vec(
            (proptest::collection::vec(0_u8..3, 0..12), proptest::collection::vec(any::<u8>(), 0..4)),
            0..200,
        ),
        memory in 0_usize..2000,
    ) {
        let mut expected = records.clone();
        expected.sort_by(|a, b| a.0.cmp(&b.0));
        prop_assert_eq!(sorted(&records, memory).0, expected);
    }
}
