//! T1, T2 and T3 by `reqmain` and `srvmain`, with mail carried by hand, and once by Postfix.

mod hostile;
mod random;
mod recovery;
pub(crate) mod site;
mod t1;
mod t2;
mod t3;
mod through_postfix;
mod touched;
mod worked_example;
