//! Between organizations: the decisions of branches and hub, and the stores that keep the hub's table. PostgreSQL is a real
//! one.

mod histories;
mod kept;
mod memory;
mod place;
#[cfg(feature = "postgres")]
mod postgres;
mod races;
mod stores;
mod twin;
mod world;

/// Makes of each test one over an SQLite file and one over PostgreSQL: both stores have to do the same.
macro_rules! over_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(crate::directory::interorg::place::Place::sqlite);
            })+
        }

        #[cfg(feature = "postgres")]
        mod postgres {
            $(#[test]
            fn $name() {
                super::$name(crate::directory::interorg::place::Place::postgres);
            })+
        }
    };
}
use over_both;
