//! The guard: a run that would remove suspiciously much stops before its first write (design, section 5).

use super::{ListPlan, Plan, Removal};
use crate::list::ListId;

/// Lists with no more entries than this are too small to judge.
const SMALL_LIST: u64 = 20;

/// What one pass may remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    /// By absence: R, a full list, a sweep.
    Absence,
    /// By D transactions.
    Explicit,
}

impl Limit {
    /// Returns how many of `entries` may go unasked.
    fn of(self, entries: u64) -> u64 {
        match self {
            Self::Absence => 10.max(entries / 20),
            Self::Explicit => 100.max(entries / 4),
        }
    }
}

/// A removal that the guard stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// The list, or none for all lists of the postoffice together.
    pub list: Option<ListId>,
    /// Entries that would go.
    pub removed: u64,
    /// Entries there are.
    pub of: u64,
    /// Entries that may go without being allowed.
    pub limit: u64,
    /// They would go because a full list lacks them, not because they were named.
    pub by_absence: bool,
}

/// What a pass wants to delete of the accounts of the postoffice itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accounts {
    /// Accounts there are.
    pub count: u64,
    /// Accounts that D transactions name.
    pub deleted: u64,
}

/// Looks at a whole plan. `allowed` is the number of `--allow-deletes`, `entries` the number of entries in all
/// lists of the postoffice, the untouched ones included.
///
/// # Errors
/// Every limit that the plan exceeds, the lists first.
pub fn check(
    plan: &Plan,
    accounts: Accounts,
    entries: u64,
    allowed: Option<u64>,
) -> Result<(), Vec<Stopped>> {
    let total = |removal| {
        plan.lists
            .iter()
            .map(|list| list.removal_count(removal))
            .sum::<u64>()
    };
    let absent = total(Removal::Absence);
    let explicit = total(Removal::Explicit) + accounts.deleted;
    if allowed.is_some_and(|allowed| absent + explicit <= allowed) {
        return Ok(());
    }
    let mut stopped: Vec<_> = plan.lists.iter().flat_map(check_list).collect();
    let Accounts { count, deleted } = accounts;
    stopped.extend(exceeds(
        Some(&ListId::Local),
        count,
        deleted,
        Limit::Explicit,
    ));
    // No account ever goes by absence, so that they do not count there.
    stopped.extend(exceeds(None, entries, absent, Limit::Absence));
    stopped.extend(exceeds(None, entries + count, explicit, Limit::Explicit));
    if stopped.is_empty() {
        Ok(())
    } else {
        Err(stopped)
    }
}

/// Returns the limit that a removal of `removed` out of `entries` exceeds, of a list that no [`Plan`] is made for.
#[must_use]
pub fn limit(entries: u64, removed: u64, by_absence: bool) -> Option<u64> {
    let limit = match by_absence {
        true => Limit::Absence,
        false => Limit::Explicit,
    };
    exceeds(None, entries, removed, limit).map(|stopped| stopped.limit)
}

fn check_list(list: &ListPlan) -> impl Iterator<Item = Stopped> {
    [
        (Removal::Absence, Limit::Absence),
        (Removal::Explicit, Limit::Explicit),
    ]
    .into_iter()
    .filter_map(|(removal, limit)| {
        exceeds(
            Some(&list.id),
            list.base_len,
            list.removal_count(removal),
            limit,
        )
    })
}

fn exceeds(list: Option<&ListId>, entries: u64, removed: u64, limit: Limit) -> Option<Stopped> {
    let most = limit.of(entries);
    (entries > SMALL_LIST && removed > most).then(|| Stopped {
        list: list.cloned(),
        removed,
        of: entries,
        limit: most,
        by_absence: limit == Limit::Absence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_grow_with_the_list() {
        let exceeds = |entries, removed, limit| exceeds(None, entries, removed, limit).is_some();
        assert!(
            !exceeds(20, 20, Limit::Absence),
            "20 entries are too few to judge"
        );
        assert!(!exceeds(21, 10, Limit::Absence));
        assert!(exceeds(21, 11, Limit::Absence));
        assert!(!exceeds(1000, 50, Limit::Absence));
        assert!(exceeds(1000, 51, Limit::Absence));
        assert!(!exceeds(1000, 250, Limit::Explicit));
        assert!(exceeds(1000, 251, Limit::Explicit));
        assert!(!exceeds(100, 100, Limit::Explicit));
        assert!(exceeds(101, 101, Limit::Explicit));
    }
}
