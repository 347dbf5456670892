//! One form for states that differ in nothing that matters: STAMPs are compared with each other only, so that their ranks
//! do for them.

use std::collections::BTreeMap;

use dirsync::codec::sync_number::SrvSync;
use dirsync::codec::timestamp::Timestamp;
use dirsync::protocol::server::Registered;
use dirsync::protocol::sync::{Issued, Stamp};

use super::node::Node;
use crate::convergence::list::Record;
use crate::convergence::mail::{Reply, Request, ResyncFile};
use crate::convergence::office::Office;
use crate::convergence::server::ServerState;

/// Brings a state into its form.
pub(super) fn canonicalize(node: &mut Node) {
    forget(node);
    let mut ranks = BTreeMap::new();
    visit(node, &mut |stamp| {
        ranks.insert(*stamp, Stamp::NONE);
    });
    ranks.insert(Stamp::NONE, Stamp::NONE);
    for (rank, stamp) in (0..).zip(ranks.values_mut()) {
        *stamp = Stamp(rank);
    }
    visit(node, &mut |stamp| *stamp = ranks[stamp]);
    node.requests.sort_by_cached_key(|r| format!("{r:?}"));
    node.replies.sort_by_key(|r| (r.head.stamp, r.to));
}

/// Forgets what decides nothing: the cycle, the date stamps of the server's transactions, STAMPs that nobody has.
fn forget(node: &mut Node) {
    let mut used = std::collections::BTreeSet::new();
    let mut offices: Vec<&Office> = node.world.offices.iter().collect();
    let mut servers = vec![&node.world.server];
    if let Some(copy) = &node.copy {
        offices.push(&copy.0);
        servers.extend(&copy.1);
    }
    used.extend(offices.iter().map(|office| office.numbers.stamp));
    for entry in servers
        .iter()
        .flat_map(|server| server.entries.iter().flatten())
    {
        used.insert(entry.heard);
        used.extend(entry.sent.iter());
    }
    used.extend(node.requests.iter().map(|request| request.head.stamp));
    for reply in &node.replies {
        used.insert(reply.head.stamp);
        used.extend(reply.head.after.iter().flatten());
    }
    used.extend(node.file.iter().map(|file| Stamp(file.header.stamp)));
    let clean = |server: &mut ServerState| {
        server.numbers.cycle = 0;
        let last = server.numbers.issued.iter().next();
        let kept = server
            .numbers
            .issued
            .iter()
            .filter(|s| used.contains(s) || Some(*s) == last);
        server.numbers.issued = Issued::from_newest(kept.map(|stamp| stamp.0));
        unstamp(&mut server.master);
    };
    clean(&mut node.world.server);
    node.copy
        .iter_mut()
        .filter_map(|copy| copy.1.as_mut())
        .for_each(clean);
    for office in &mut node.world.offices {
        unstamp(&mut office.incoming);
    }
    node.copy
        .iter_mut()
        .for_each(|copy| unstamp(&mut copy.0.incoming));
    node.replies
        .iter_mut()
        .for_each(|reply| unstamp(&mut reply.records));
}

fn unstamp(records: &mut [Record<SrvSync>]) {
    for record in records {
        record.stamp = Timestamp::ZERO;
    }
}

/// Shows every STAMP of a state.
fn visit(node: &mut Node, f: &mut impl FnMut(&mut Stamp)) {
    for office in &mut node.world.offices {
        f(&mut office.numbers.stamp);
    }
    visit_server(&mut node.world.server, f);
    if let Some(copy) = &mut node.copy {
        f(&mut copy.0.numbers.stamp);
        copy.1.iter_mut().for_each(|server| visit_server(server, f));
    }
    for Request { head, .. } in &mut node.requests {
        f(&mut head.stamp);
    }
    for Reply { head, .. } in &mut node.replies {
        f(&mut head.stamp);
        head.after.iter_mut().flatten().for_each(&mut *f);
    }
    if let Some(ResyncFile { header, .. }) = &mut node.file {
        let mut stamp = Stamp(header.stamp);
        f(&mut stamp);
        header.stamp = stamp.0;
    }
}

fn visit_server(server: &mut ServerState, f: &mut impl FnMut(&mut Stamp)) {
    f(&mut server.numbers.stamp);
    visit_issued(&mut server.numbers.issued, f);
    for Registered { heard, sent, .. } in server.entries.iter_mut().flatten() {
        f(heard);
        visit_issued(sent, f);
    }
}

fn visit_issued(issued: &mut Issued, f: &mut impl FnMut(&mut Stamp)) {
    let mut stamps: Vec<_> = issued.iter().collect();
    stamps.iter_mut().for_each(f);
    *issued = Issued::from_newest(stamps.into_iter().map(|stamp| stamp.0));
}
