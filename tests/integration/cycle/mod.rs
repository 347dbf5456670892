//! T1, T2 and T3 by `reqmain` and `srvmain`, with mail carried by hand.

mod site;
mod worked_example;
