//! What a list for requestors holds, and the numbers it stands for (`spec/exchange.md` DX-08, DX-09).

use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use crate::codec::timestamp::Timestamp;
use crate::protocol::server::SENT_CAPACITY;
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::{Connection, Role};
use crate::tools::dxa::connections::numbers::{Numbers, put_server, server};
use crate::tools::dxa::connections::state::{Known, Raised, Unused};
use crate::tools::dxa::exchange::answering::wish;
use crate::tools::dxa::sending::exported::Exported;
use crate::tools::dxa::sending::exporting::Wish;
use crate::tools::dxa::sending::settings;
use crate::tools::exit::{ExitCode, ToolError};

/// A connection that a list is made for.
pub(in crate::tools::dxa) struct Item<'c> {
    pub(in crate::tools::dxa) connection: &'c Connection,
    pub(in crate::tools::dxa) known: Known,
    wish: Wish,
    /// What was not sent yet; it gets numbers.
    pub(in crate::tools::dxa) news: Exported,
    pub(in crate::tools::dxa) list: Exported,
}

/// The numbers of a list.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::tools::dxa) struct Head {
    pub(in crate::tools::dxa) req: ReqSync,
    pub(in crate::tools::dxa) svr: SrvSync,
    pub(in crate::tools::dxa) imp: ImportSync,
}

pub(in crate::tools::dxa) fn refuse_differences(differences: Vec<String>) -> Result<(), ToolError> {
    if differences.is_empty() {
        return Ok(());
    }
    let text = format!(
        "no list for several: they are sent different things: {}",
        differences.join("; ")
    );
    Err(ToolError::usage(text))
}

impl<'c> Agent<'c> {
    /// Looks at what a connection is to have. Nothing is written.
    pub(in crate::tools::dxa) fn item(
        &mut self,
        connection: &'c Connection,
        allowed: Option<u64>,
    ) -> Result<Item<'c>, ToolError> {
        let known = self.known(connection)?;
        let record = &known.numbers.srv_conf()?.requestors[0];
        // Who has not asked yet gets what the configuration says.
        let wish = match record.last_cycle {
            0 => Wish::of(connection),
            _ => wish(connection, record),
        };
        let outgoing = self.outgoing(connection, known.id, &known.state, &wish, allowed)?;
        let news = match known.state.has_sent_list {
            true => outgoing.exported(connection, false),
            false => Exported::nothing(),
        };
        let list = outgoing.exported(connection, true);
        self.say_what_stays(connection, &list.sending, &known.state);
        Ok(Item {
            connection,
            known,
            wish,
            news,
            list,
        })
    }

    /// Returns the highest numbers of all requestors: a list with those of some is refused by others (Q215505, DX-09).
    pub(in crate::tools::dxa) fn highest(&mut self, items: &[Item<'_>]) -> Result<Head, ToolError> {
        // What is new gets numbers that none of the sharers has.
        let news = items.iter().map(|item| item.news.len()).max();
        let mut highest = Head::default();
        for item in items {
            highest = highest.max(head_of(&item.known.numbers)?);
        }
        highest.svr = raised(highest.svr, news.unwrap_or_default())?;
        let config = self.config;
        for connection in &config.connections {
            if connection.role == Role::Server {
                let known = self.known(connection)?;
                highest = highest.max(head_of(&known.numbers)?);
            }
        }
        Ok(highest)
    }
}

impl Head {
    fn max(self, other: Self) -> Self {
        Self {
            req: self.req.max(other.req),
            svr: self.svr.max(other.svr),
            imp: self.imp.max(other.imp),
        }
    }
}

impl Item<'_> {
    /// Returns the numbers of a list for this requestor alone: its own, and that of the last change which is in the list.
    pub(in crate::tools::dxa) fn head(&self) -> Result<Head, ToolError> {
        let own = head_of(&self.known.numbers)?;
        let svr = raised(own.svr, self.news.len())?;
        Ok(Head { svr, ..own })
    }

    /// Brings numbers and state up to the list.
    pub(in crate::tools::dxa) fn settle(
        &mut self,
        head: Head,
        stamp: Timestamp,
        shared: bool,
    ) -> Result<(), ToolError> {
        let mut conf = self.known.numbers.srv_conf()?.clone();
        let (mut own, mut entry) = server(&conf);
        let stamp = own.issue(stamp).ok_or_else(no_stamp)?;
        let state = &mut self.known.state;
        let (last, through) = (own.sync.0, head.svr.0 - self.news.len());
        if through > last {
            // Those passed over before may lie in front of these.
            let after = state
                .unused
                .map_or(last, |unused| match unused.through == last {
                    true => unused.after,
                    false => last,
                });
            state.unused = Some(Unused { after, through });
        }
        own.sync = head.svr;
        if !entry.is_fresh() {
            entry.sent.push(stamp, SENT_CAPACITY);
        }
        if shared {
            let before = Raised {
                req: entry.req_sync.0,
                svr: entry.srv_sync.0,
                imp: entry.import_count.0,
            };
            state.raised.get_or_insert(before);
            (entry.req_sync, entry.import_count) = (head.req, head.imp);
            if !entry.due.reply {
                entry.srv_sync = head.svr;
            }
        }
        let has_sent_list = state.has_sent_list;
        self.list.settle(self.connection, state, head.svr.0);
        if !has_sent_list {
            // Only who applies the list has it; everybody else gets one with the next reply.
            state.has_sent_list = false;
            state.list_stamp = Some(stamp.0);
        }
        put_server(&mut conf, &own, &entry);
        self.known.numbers = Numbers::Server(Box::new(conf));
        Ok(())
    }
}

fn head_of(numbers: &Numbers) -> Result<Head, ToolError> {
    let (own, entry) = server(numbers.srv_conf()?);
    Ok(Head {
        req: entry.req_sync,
        svr: own.sync,
        imp: entry.import_count,
    })
}

fn raised(number: SrvSync, by: u32) -> Result<SrvSync, ToolError> {
    let raised = number.0.checked_add(by).map(SrvSync);
    raised.ok_or_else(|| ToolError::new(ExitCode::CannotWrite, "no number is left"))
}

pub(in crate::tools::dxa) fn no_stamp() -> ToolError {
    ToolError::new(ExitCode::CannotWrite, "no STAMP is left")
}

/// Refuses a list for several whose lists differ although their settings do not.
pub(in crate::tools::dxa) fn check_same(items: &[Item<'_>]) -> Result<(), ToolError> {
    let wishes: Vec<_> = items.iter().map(|i| (i.connection, &i.wish)).collect();
    refuse_differences(settings::asked(&wishes))?;
    let mut lists = items.iter().map(|item| (item, named(item)));
    let Some((first, list)) = lists.next() else {
        return Ok(());
    };
    match lists.find(|(_, other)| *other != list) {
        None => Ok(()),
        Some((other, _)) => {
            let (one, two) = (first.connection, other.connection);
            refuse_differences(vec![format!(
                "owner ({}: {}, {}: {}; nobody is sent what came from there)",
                one.name, one.import.owner, two.name, two.import.owner
            )])
        }
    }
}

/// Returns the transactions of a list without the deletions.
fn named(item: &Item<'_>) -> Vec<Vec<u8>> {
    let texts = item.list.texts();
    texts.filter(|text| !is_deletion(text)).collect()
}

/// Returns the transactions of a list that several share: what one of them has to delete the others lack anyway.
pub(in crate::tools::dxa) fn together(items: &[Item<'_>]) -> Vec<Vec<u8>> {
    let mut texts: Vec<Vec<u8>> = Vec::new();
    for text in items.iter().flat_map(|item| item.list.texts()) {
        if is_deletion(&text) && !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts.extend(items.first().map(named).unwrap_or_default());
    texts
}

fn is_deletion(text: &[u8]) -> bool {
    text.first() == Some(&b'D')
}
