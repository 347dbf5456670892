//! The original options of every program, as published (`spec/import.md` 2.2, `spec/protocol.md` 8 and 9).

use super::legacy::{Letters, Table, Value};

const fn flag(letters: &'static str, long: &'static str) -> Letters {
    option(letters, long, Value::None)
}

const fn option(letters: &'static str, long: &'static str, value: Value) -> Letters {
    Letters {
        letters,
        long,
        value,
    }
}

const DATA: Letters = option("d", "data", Value::Required);
const PASSWORD: Letters = option("p", "password", Value::Required);
const VERBOSE: Letters = flag("v", "verbose");

/// `import admin -p<password> -d<drive> -f<file> -a -c -e -g<type> -l[<file>] -n -q -r -s -st -t -v -x[<list>] -y`
pub static IMPORT: Table = Table {
    program: "import",
    options: &[
        PASSWORD,
        DATA,
        option("f", "file", Value::File),
        flag("a", "pol"),
        flag("c", "autocreate"),
        flag("e", "feed"),
        option("g", "type", Value::Required),
        option("l", "log", Value::Optional),
        flag("n", "no-video"),
        flag("q", "queue"),
        flag("r", "replace-list"),
        flag("s", "resync"),
        flag("st", "foreign"),
        flag("t", "templates"),
        VERBOSE,
        option("x", "extract", Value::Optional),
        flag("y", "yes"),
    ],
};

/// `listds admin -p<password> -d<drive> -s|-r [-z] -v`
pub static LISTDS: Table = Table {
    program: "listds",
    options: &[
        PASSWORD,
        DATA,
        flag("s", "server"),
        flag("r", "requestor"),
        flag("z", "zero"),
        VERBOSE,
    ],
};

/// `listq admin -p<password> -d<drive> -f<queue> -t -c`
pub static LISTQ: Table = Table {
    program: "listq",
    options: &[
        PASSWORD,
        DATA,
        option("f", "file", Value::File),
        flag("t", "dates"),
        flag("c", "checksum"),
    ],
};

/// `dssched admin -p<password> -d<drive> -i<file> -x<file> -v`
pub static DSSCHED: Table = Table {
    program: "dssched",
    options: &[
        PASSWORD,
        DATA,
        option("i", "import", Value::File),
        option("x", "export", Value::File),
        VERBOSE,
    ],
};

/// `rebuild -f -d<drive>`
pub static REBUILD: Table = Table {
    program: "rebuild",
    options: &[flag("f", "force"), DATA],
};

/// `reqmain -t|-r -d<drive>`
pub static REQMAIN: Table = Table {
    program: "reqmain",
    options: &[flag("t", "transmit"), flag("r", "receive"), DATA],
};

/// `srvmain -r|-t -d<drive>`
pub static SRVMAIN: Table = Table {
    program: "srvmain",
    options: &[flag("r", "receive"), flag("t", "transmit"), DATA],
};

/// `nsda -rt|-s|-rr -d<drive>`
pub static NSDA: Table = Table {
    program: "nsda",
    options: &[
        flag("rt", "requestor-transmit"),
        flag("s", "server"),
        flag("rr", "requestor-receive"),
        DATA,
    ],
};

/// `external -0 -d<range> -a -ms -mr -v -l[<file>] -q<n>`; what `-ms`, `-mr` and `-q` do was never published
pub static EXTERNAL: Table = Table {
    program: "external",
    options: &[
        flag("0", "once"),
        DATA,
        flag("a", "no-modem"),
        flag("ms", "ms"),
        flag("mr", "mr"),
        VERBOSE,
        option("l", "log", Value::Optional),
        option("q", "q", Value::Required),
    ],
};

/// `probe <file>`; a program of ours
pub static PROBE: Table = Table {
    program: "probe",
    options: &[],
};

/// `resync create|show|check|plan|apply -d<drive> -o <file> -y`; a program of ours in the spelling of the others
pub static RESYNC: Table = Table {
    program: "resync",
    options: &[
        PASSWORD,
        DATA,
        option("o", "output", Value::Apart),
        flag("y", "yes"),
    ],
};

/// `admin -d<drive> admin -p<password> -y WORDS`; the original had menus, the spelling is that of its companions
pub static ADMIN: Table = Table {
    program: "admin",
    options: &[PASSWORD, DATA, flag("y", "yes")],
};

/// `podiag admin -p<password> -d<drive>`; the original's options were never published
pub static PODIAG: Table = Table {
    program: "podiag",
    options: &[PASSWORD, DATA],
};

/// `dxa export -o <file>|takeover -d<drive>|...`; a program of ours in the spelling of the others
pub static DXA: Table = Table {
    program: "dxa",
    options: &[
        option("d", "postoffice", Value::Apart),
        option("o", "output", Value::Apart),
    ],
};

/// `audit`: a program of ours, without original spellings.
pub static AUDIT: Table = Table {
    program: "audit",
    options: &[],
};

/// Every table.
pub static ALL: [&Table; 14] = [
    &IMPORT, &LISTDS, &LISTQ, &DSSCHED, &REBUILD, &REQMAIN, &SRVMAIN, &NSDA, &EXTERNAL, &RESYNC,
    &ADMIN, &PODIAG, &DXA, &AUDIT,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_letters_and_no_long_name_stand_twice_in_a_table() {
        for table in ALL {
            let letters: BTreeSet<_> = table.options.iter().map(|option| option.letters).collect();
            let longs: BTreeSet<_> = table.options.iter().map(|option| option.long).collect();
            assert_eq!(letters.len(), table.options.len(), "{}", table.program);
            assert_eq!(longs.len(), table.options.len(), "{}", table.program);
            assert!(
                letters
                    .iter()
                    .all(|letters| **letters == letters.to_lowercase())
            );
        }
    }
}
