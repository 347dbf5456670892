//! The situations that the articles tell of, from their beginning to their end (`spec/exchange.md` section 7).

mod a_list_dropped_at_a_requestor;
mod b_lists_for_named_requestors;
mod c_forced_t1_or_t2;
mod e_partial_sync_with_clean_logs;
