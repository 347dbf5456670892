//! What can happen. Every number in an event is taken modulo what there is, so that any list of events is a history and
//! a shorter one too.

use proptest::collection::vec;
use proptest::prelude::*;

use super::people::Edit;

/// One run of one program, or of two where one would not be let.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// T0: a user of the postoffice is changed, by ADMIN or by an import text.
    Edit(u8, Edit, bool),
    /// T0: `import -e` feeds an entry of the list that nobody owns.
    Feed(u8, Edit),
    /// The operator exports.
    Export(u8),
    /// The operator asks for a full list.
    AskImport(u8),
    /// T1: REQMAIN -T.
    Send(u8),
    /// SRVMAIN -R.
    Receive,
    /// SRVMAIN -T.
    Transmit,
    /// REQMAIN -R.
    TakeReplies(u8),
    /// IMPORT -Q.
    Import(u8),
    /// The server strikes a requestor off.
    Strike(u8),
    /// The server registers a requestor, anew where it is registered.
    Register(u8),
    /// IMPORT -S: the file goes away from the server and is kept.
    MakeResync,
}

/// One event.
#[derive(Debug, Clone)]
pub(super) enum Event {
    Step(Step),
    /// The N-th of one of the system calls that write is the last of that run; then something may mend it at once.
    Killed(Step, u8, u8, bool),
    /// T2, some times in a row.
    T2(u8),
    /// T3.
    T3(u8),
    /// What travels meets its fate, and may arrive the other way round.
    Deliver(Vec<Fate>, bool),
    /// Some work is done, and a cycle follows.
    Cycle(Vec<Step>, Cycle),
    /// A copy of a postoffice is put away.
    Backup(u8),
    /// A copy comes back.
    Restore(u8),
    /// The local reset as published: registered anew, numbers zero, REQTRANS emptied, export.
    LocalReset(u8),
    /// One of the resync files made so far is applied.
    ApplyResync(u8, u8),
    /// Days pass.
    Wait(u8),
    /// MSTTRANS is lost, and an empty one made (Q112280).
    LoseMaster,
}

/// A cycle; in a bit of a number stands what becomes of one postoffice.
#[derive(Debug, Clone)]
pub(super) struct Cycle {
    /// Those who stay away.
    pub(super) away: u8,
    /// Those whose IMPORT does not come to run, so that SRVTRANS stays.
    pub(super) failing: u8,
    /// What its mail meets.
    pub(super) fates: Vec<Fate>,
}

impl Cycle {
    /// One that nothing disturbs.
    pub(super) fn undisturbed() -> Self {
        Self {
            away: 0,
            failing: 0,
            fates: vec![Fate::Arrives],
        }
    }
}

/// What happens to a message on its way.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    Arrives,
    Lost,
    Doubled,
    Late,
    /// Only this part of 65536 of it arrives.
    Cut(u16),
    /// One bit in it is another.
    Flipped(u16, u8),
    /// A digit in its text is another: the numbers of the protocol stand there.
    Garbled(u16),
}

/// A history.
#[derive(Debug, Clone)]
pub(super) struct History {
    /// It begins with an organization that has run for a while, and not with postoffices just registered.
    pub(super) is_established: bool,
    /// What happens.
    pub(super) events: Vec<Event>,
}

pub(super) fn histories() -> impl Strategy<Value = History> {
    let events = prop_oneof![2 => vec(event(), 1..=12), 3 => vec(event(), 12..=40)];
    (prop::bool::weighted(0.8), events).prop_map(|(is_established, events)| History {
        is_established,
        events,
    })
}

fn who() -> std::ops::Range<u8> {
    0..3
}

fn edit() -> impl Strategy<Value = Edit> {
    let number = || 0..6u8;
    prop_oneof![
        6 => (number(), number()).prop_map(|(mailbox, name)| Edit::Put(mailbox, name)),
        2 => (number(), number()).prop_map(|(mailbox, to)| Edit::Move(mailbox, to)),
        3 => number().prop_map(Edit::Delete),
        2 => number().prop_map(Edit::Turn),
    ]
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        8 => Just(Fate::Arrives),
        2 => Just(Fate::Lost),
        2 => Just(Fate::Doubled),
        3 => Just(Fate::Late),
        1 => any::<u16>().prop_map(Fate::Cut),
        1 => (any::<u16>(), 0..8u8).prop_map(|(at, bit)| Fate::Flipped(at, bit)),
        1 => any::<u16>().prop_map(Fate::Garbled),
    ];
    vec(fate, 1..=6)
}

fn edits() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (who(), edit(), any::<bool>()).prop_map(|(at, edit, text)| Step::Edit(at, edit, text)),
        1 => (who(), edit()).prop_map(|(at, edit)| Step::Feed(at, edit)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => edits(),
        1 => who().prop_map(Step::Export),
        1 => who().prop_map(Step::AskImport),
        6 => who().prop_map(Step::Send),
        2 => Just(Step::Receive),
        2 => Just(Step::Transmit),
        2 => who().prop_map(Step::TakeReplies),
        2 => who().prop_map(Step::Import),
        1 => who().prop_map(Step::Strike),
        1 => who().prop_map(Step::Register),
        2 => Just(Step::MakeResync),
    ]
}

fn cycle() -> impl Strategy<Value = Cycle> {
    let some = || prop_oneof![2 => Just(0), 1 => any::<u8>()];
    let fates = prop_oneof![1 => Just(vec![Fate::Arrives]), 1 => fates()];
    (some(), some(), fates).prop_map(|(away, failing, fates)| Cycle {
        away,
        failing,
        fates,
    })
}

fn event() -> impl Strategy<Value = Event> {
    let any_number = any::<u8>;
    let everyday = prop_oneof![
        8 => edits().prop_map(Event::Step),
        12 => step().prop_map(Event::Step),
        4 => (1..=2u8).prop_map(Event::T2),
        6 => who().prop_map(Event::T3),
        8 => (fates(), any::<bool>()).prop_map(|(fates, turned)| Event::Deliver(fates, turned)),
        12 => (vec(edits(), 0..=3), cycle()).prop_map(|(edits, cycle)| Event::Cycle(edits, cycle)),
    ];
    let trouble = prop_oneof![
        6 => (step(), any_number(), 1..=10u8, any::<bool>())
            .prop_map(|(step, call, when, mends)| Event::Killed(step, call, when, mends)),
        5 => who().prop_map(Event::Backup),
        6 => any_number().prop_map(Event::Restore),
        1 => who().prop_map(Event::LocalReset),
        4 => (who(), any_number()).prop_map(|(at, file)| Event::ApplyResync(at, file)),
        4 => (0..20u8).prop_map(Event::Wait),
        1 => Just(Event::LoseMaster),
    ];
    prop_oneof![3 => everyday, 1 => trouble]
}
