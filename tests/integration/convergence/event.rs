//! What can happen: a history is a list of these, and every number in them is taken modulo what there is, so that any
//! list is a history and a shorter one too.

use proptest::collection::vec;
use proptest::prelude::*;

use super::office::Edit;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// T0: an entry of the own list is changed.
    Edit(u8, Edit),
    /// T0: `import -e` feeds an entry of the list that nobody owns.
    Feed(u8, Edit),
    /// The operator exports.
    Export(u8),
    /// The operator asks for a full list.
    AskImport(u8),
    /// T1.
    T1(u8),
    /// T2.
    T2,
    /// T2 until SRVMAIN -R.
    Receive,
    /// SRVMAIN -T; one answer may not be written.
    Transmit(Option<u8>),
    /// T3; IMPORT may fail, so that SRVTRANS stays.
    T3(u8, bool),
    /// IMPORT -Q.
    Import(u8),
    /// What travels meets its fate.
    Deliver(Vec<Fate>, bool),
    /// A cycle of all, undisturbed.
    Cycle,
    /// A cycle of all whose mail meets its fate.
    NoisyCycle(Vec<Fate>),
    /// Only some take part in a cycle.
    PartCycle(u8),
    /// A copy of a postoffice is put away.
    Backup(u8),
    /// A copy comes back.
    Restore(u8),
    /// Of a copy of the server, only SRVCONF comes back.
    RestoreConfiguration(u8),
    /// The server strikes a requestor off.
    Strike(u8),
    /// The server registers a requestor, anew where it is registered.
    Register(u8),
    /// `listds -r -z`.
    ZeroNumbers(u8),
    /// The local reset as published: registered anew, numbers zero, export.
    LocalReset(u8),
    /// The server is switched off and on; the second tells whether all requestors are reset too.
    BeginServerAnew(bool),
    /// IMPORT -S.
    MakeResync,
    /// One of the resync files made so far is applied.
    ApplyResync(u8, u8),
    /// Days pass.
    Wait(u8),
    /// MSTTRANS is lost.
    LoseMaster,
    /// MSTTRANS loses its end: an older copy.
    CutMaster(u8),
    /// REQTRANS is lost, mended and exported.
    LoseQueue(u8),
    /// Most transactions of a reply.
    Limit(u8, u8),
}

/// What happens to a message on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Arrives,
    Lost,
    Doubled,
    Late,
    /// Cut behind some transactions, or the checksum of the next is wrong.
    Cut(u8),
    Unreadable,
}

/// A history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct History {
    /// Postoffices, the server among them.
    pub(super) offices: u8,
    /// It begins with an organization that has run for a while, and not with postoffices just registered.
    pub(super) is_established: bool,
    /// What happens.
    pub(super) events: Vec<Event>,
}

/// Histories of 2 to 5 postoffices.
pub(super) fn histories() -> impl Strategy<Value = History> {
    let events = prop_oneof![
        3 => vec(event(), 1..=12),
        3 => vec(event(), 1..=40),
        1 => vec(event(), 1..=120),
    ];
    let begin = prop::bool::weighted(0.8);
    (2..=5u8, begin, events).prop_map(|(offices, is_established, events)| History {
        offices,
        is_established,
        events,
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    let name = || 0..5u8;
    prop_oneof![
        5 => (name(), 0..3u8).prop_map(|(name, mailbox)| Edit::Put(name, mailbox)),
        2 => (name(), name()).prop_map(|(from, to)| Edit::Rename(from, to)),
        3 => name().prop_map(Edit::Delete),
    ]
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        8 => Just(Fate::Arrives),
        2 => Just(Fate::Lost),
        2 => Just(Fate::Doubled),
        3 => Just(Fate::Late),
        1 => (0..4u8).prop_map(Fate::Cut),
        1 => Just(Fate::Unreadable),
    ];
    vec(fate, 1..=6)
}

fn event() -> impl Strategy<Value = Event> {
    let who = || 0..5u8;
    let any_number = any::<u8>;
    let everyday = prop_oneof![
        8 => (who(), edit()).prop_map(|(at, edit)| Event::Edit(at, edit)),
        3 => (who(), edit()).prop_map(|(at, edit)| Event::Feed(at, edit)),
        1 => who().prop_map(Event::Export),
        1 => who().prop_map(Event::AskImport),
        8 => who().prop_map(Event::T1),
        5 => Just(Event::T2),
        1 => Just(Event::Receive),
        2 => proptest::option::of(who()).prop_map(Event::Transmit),
        8 => (who(), prop::bool::weighted(0.8)).prop_map(|(at, works)| Event::T3(at, works)),
        1 => who().prop_map(Event::Import),
        10 => (fates(), any::<bool>()).prop_map(|(fates, turned)| Event::Deliver(fates, turned)),
        6 => Just(Event::Cycle),
        4 => fates().prop_map(Event::NoisyCycle),
        3 => any_number().prop_map(Event::PartCycle),
    ];
    let trouble = prop_oneof![
        4 => who().prop_map(Event::Backup),
        5 => any_number().prop_map(Event::Restore),
        2 => any_number().prop_map(Event::RestoreConfiguration),
        1 => who().prop_map(Event::Strike),
        2 => who().prop_map(Event::Register),
        1 => who().prop_map(Event::ZeroNumbers),
        1 => who().prop_map(Event::LocalReset),
        1 => any::<bool>().prop_map(Event::BeginServerAnew),
        3 => Just(Event::MakeResync),
        4 => (who(), any_number()).prop_map(|(at, file)| Event::ApplyResync(at, file)),
        4 => (0..20u8).prop_map(Event::Wait),
        1 => Just(Event::LoseMaster),
        1 => (1..4u8).prop_map(Event::CutMaster),
        1 => who().prop_map(Event::LoseQueue),
        2 => (who(), 0..12u8).prop_map(|(at, limit)| Event::Limit(at, limit)),
    ];
    prop_oneof![3 => everyday, 1 => trouble]
}
