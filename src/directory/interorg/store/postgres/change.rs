//! A change of the table in PostgreSQL. What may be many goes in statements for many at once: the server may be far away.

use std::collections::{BTreeSet, HashMap};

use postgres::Transaction;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::ToSql;

use super::super::super::card::{Card, SourceKey};
use super::super::super::master::{Master, MasterStore, Member, Row};
use super::super::super::number::Usn;
use super::super::value::{EntryText, MemberText, epoch, is_void, number, usn};
use super::super::{MasterChange, StoreError};
use super::fault::Fault;
use super::text::{Mark, escape, key_mark, mark, slices, unescape};

/// Entries, or addresses, in one statement.
const CHUNK: usize = 1_000;

type Params<'p> = &'p [&'p (dyn ToSql + Sync)];

/// A change that goes on.
pub(super) struct PostgresChange<'t> {
    inner: Transaction<'t>,
    place: &'t str,
    /// A part of it failed: the server would take a commit for a rollback, and not say so.
    is_broken: bool,
}

impl<'t> PostgresChange<'t> {
    pub(super) fn new(inner: Transaction<'t>, place: &'t str) -> Self {
        Self {
            inner,
            place,
            is_broken: false,
        }
    }

    fn run<T>(
        &mut self,
        part: impl FnOnce(&mut Transaction<'t>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let done = part(&mut self.inner);
        self.is_broken |= done.is_err();
        done.map_err(|fault| fault.at(self.place))
    }
}

/// Goes through the entries that a condition takes, as they come from the server.
fn entries(
    inner: &mut Transaction<'_>,
    condition: &str,
    params: Params<'_>,
    take: &mut dyn FnMut(Row),
) -> Result<(), Fault> {
    let sql = format!(
        "SELECT branch, uuid, usn, shown, waiting, reason, detail FROM entry WHERE {condition}"
    );
    let mut rows = inner.query_raw(&sql, params.iter().copied())?;
    while let Some(row) = rows.next()? {
        let detail: Option<String> = row.try_get(6)?;
        let text = EntryText {
            shown: row.try_get(3)?,
            waiting: row.try_get(4)?,
            reason: row.try_get(5)?,
            detail: detail.map(unescape).transpose()?,
        };
        take(text.to_row(key(&row, 0)?, row.try_get(2)?)?);
    }
    Ok(())
}

/// Reads a key out of two columns.
fn key(row: &postgres::Row, at: usize) -> Result<SourceKey, Fault> {
    let branch = unescape(row.try_get(at)?)?;
    let uuid = unescape(row.try_get(at + 1)?)?;
    Ok(SourceKey::new(&branch, &uuid))
}

/// Writes entries that are there afterwards.
fn write(inner: &mut Transaction<'_>, rows: &[&Row]) -> Result<(), Fault> {
    let marks: Vec<Mark> = rows.iter().map(|row| key_mark(&row.key)).collect();
    let branches: Vec<_> = rows.iter().map(|row| escape(row.key.branch())).collect();
    let uuids: Vec<_> = rows.iter().map(|row| escape(row.key.uuid())).collect();
    let numbers = rows.iter().map(|row| number(row.usn));
    let numbers = numbers.collect::<Result<Vec<i64>, _>>()?;
    let texts: Vec<_> = rows.iter().map(|row| EntryText::of(row)).collect();
    let column = |take: fn(&EntryText) -> Option<&str>| texts.iter().map(take).collect::<Vec<_>>();
    let details: Vec<_> = texts
        .iter()
        .map(|text| text.detail.as_deref().map(escape))
        .collect();
    let sql = "INSERT INTO entry (id, branch, uuid, usn, shown, waiting, reason, detail) \
               SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::bigint[], \
                                    $5::text[], $6::text[], $7::text[], $8::text[]) \
               ON CONFLICT (id) DO UPDATE SET usn = excluded.usn, shown = excluded.shown, \
               waiting = excluded.waiting, reason = excluded.reason, detail = excluded.detail";
    inner.execute(
        sql,
        &[
            &slices(&marks),
            &branches,
            &uuids,
            &numbers,
            &column(|text| text.shown.as_deref()),
            &column(|text| text.waiting.as_deref()),
            &column(|text| text.reason.as_deref()),
            &details,
        ],
    )?;
    let (mut addresses, mut holders) = (Vec::new(), Vec::new());
    for (row, holder) in rows.iter().zip(&marks) {
        let claims: BTreeSet<_> = row.shown.iter().flat_map(Card::claims).collect();
        addresses.extend(claims.iter().map(|address| mark(address)));
        holders.resize(addresses.len(), holder.as_slice());
    }
    // Two that claim one address would be a fault of the decision: the database refuses it.
    let sql = "INSERT INTO claim (address, entry) SELECT * FROM unnest($1::bytea[], $2::bytea[])";
    inner.execute(sql, &[&slices(&addresses), &holders])?;
    Ok(())
}

impl MasterStore for PostgresChange<'_> {
    type Error = StoreError;

    fn head(&mut self) -> Result<Master, StoreError> {
        self.run(|inner| {
            let row = inner.query_one("SELECT epoch, last, forgotten FROM head", &[])?;
            Ok(Master {
                epoch: epoch(row.try_get(0)?)?,
                last: usn(row.try_get(1)?)?,
                forgotten: usn(row.try_get(2)?)?,
            })
        })
    }

    fn set_head(&mut self, head: &Master) -> Result<(), StoreError> {
        self.run(|inner| {
            let (last, forgotten) = (number(head.last)?, number(head.forgotten)?);
            let sql = "UPDATE head SET epoch = $1, last = $2, forgotten = $3";
            inner.execute(sql, &[&head.epoch.as_str(), &last, &forgotten])?;
            Ok(())
        })
    }

    fn member(&mut self, name: &str) -> Result<Member, StoreError> {
        let name = name.to_uppercase();
        self.run(|inner| {
            let sql = "SELECT taken_epoch, taken_usn, taken_by, earlier, confirmed, given \
                       FROM member WHERE name = $1";
            let Some(row) = inner.query_opt(sql, &[&escape(&name)])? else {
                return Ok(Member::new(&name));
            };
            let taken_by: Option<String> = row.try_get(2)?;
            let text = MemberText {
                taken_epoch: row.try_get(0)?,
                taken_usn: row.try_get(1)?,
                taken_by: taken_by.map(unescape).transpose()?,
                earlier: row.try_get(3)?,
                confirmed: row.try_get(4)?,
                given: row.try_get(5)?,
            };
            Ok(text.to_member(&name)?)
        })
    }

    fn set_member(&mut self, member: &Member) -> Result<(), StoreError> {
        self.run(|inner| {
            let text = MemberText::of(member)?;
            let sql = "INSERT INTO member (name, taken_epoch, taken_usn, taken_by, earlier, \
                                           confirmed, given) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7) \
                       ON CONFLICT (name) DO UPDATE SET taken_epoch = excluded.taken_epoch, \
                       taken_usn = excluded.taken_usn, taken_by = excluded.taken_by, \
                       earlier = excluded.earlier, confirmed = excluded.confirmed, \
                       given = excluded.given";
            inner.execute(
                sql,
                &[
                    &escape(&member.name),
                    &text.taken_epoch,
                    &text.taken_usn,
                    &text.taken_by.as_deref().map(escape),
                    &text.earlier,
                    &text.confirmed,
                    &text.given,
                ],
            )?;
            Ok(())
        })
    }

    fn members(&mut self) -> Result<Vec<String>, StoreError> {
        self.run(|inner| {
            let rows = inner.query("SELECT name FROM member ORDER BY name", &[])?;
            let names = rows.iter().map(|row| Ok(unescape(row.try_get(0)?)?));
            names.collect()
        })
    }

    fn remove_member(&mut self, name: &str) -> Result<(), StoreError> {
        let name = name.to_uppercase();
        self.run(|inner| {
            let name = escape(&name);
            inner.execute("DELETE FROM member WHERE name = $1", &[&name])?;
            inner.execute("DELETE FROM seen WHERE branch = $1", &[&name])?;
            Ok(())
        })
    }

    fn rows(&mut self, keys: &BTreeSet<SourceKey>) -> Result<Vec<Row>, StoreError> {
        let marks: Vec<Mark> = keys.iter().map(key_mark).collect();
        let mut rows = Vec::new();
        self.run(|inner| {
            for marks in marks.chunks(CHUNK) {
                let params: Params<'_> = &[&slices(marks)];
                entries(inner, "id = ANY($1)", params, &mut |row| rows.push(row))?;
            }
            Ok(())
        })?;
        Ok(rows)
    }

    fn put(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        let (gone, there): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| is_void(row));
        self.run(|inner| {
            for rows in rows.chunks(CHUNK) {
                let marks: Vec<Mark> = rows.iter().map(|row| key_mark(&row.key)).collect();
                let sql = "DELETE FROM claim WHERE entry = ANY($1)";
                inner.execute(sql, &[&slices(&marks)])?;
            }
            for rows in gone.chunks(CHUNK) {
                let marks: Vec<Mark> = rows.iter().map(|row| key_mark(&row.key)).collect();
                let sql = "DELETE FROM entry WHERE id = ANY($1)";
                inner.execute(sql, &[&slices(&marks)])?;
            }
            let mut there = there.chunks(CHUNK);
            there.try_for_each(|rows| write(inner, rows))
        })
    }

    fn holders(
        &mut self,
        addresses: &BTreeSet<String>,
    ) -> Result<HashMap<String, SourceKey>, StoreError> {
        let marked: HashMap<Mark, &String> = addresses.iter().map(|a| (mark(a), a)).collect();
        let marks: Vec<Mark> = marked.keys().copied().collect();
        self.run(|inner| {
            let mut holders = HashMap::new();
            for marks in marks.chunks(CHUNK) {
                let sql = "SELECT claim.address, entry.branch, entry.uuid FROM claim \
                           LEFT JOIN entry ON entry.id = claim.entry \
                           WHERE claim.address = ANY($1)";
                for row in inner.query(sql, &[&slices(marks)])? {
                    let found = Mark::try_from(row.try_get::<_, &[u8]>(0)?).ok();
                    if let Some(address) = found.and_then(|found| marked.get(&found)) {
                        holders.insert((*address).clone(), key(&row, 1)?);
                    }
                }
            }
            Ok(holders)
        })
    }

    fn waiting(&mut self) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        self.run(|inner| {
            let condition = "waiting IS NOT NULL";
            entries(inner, condition, &[], &mut |row| rows.push(row))
        })?;
        rows.sort_unstable_by(|a: &Row, b| a.key.cmp(&b.key));
        Ok(rows)
    }

    fn keys_of(&mut self, branch: &str) -> Result<BTreeSet<SourceKey>, StoreError> {
        let branch = branch.to_uppercase();
        self.run(|inner| {
            let sql = "SELECT branch, uuid FROM entry \
                       WHERE branch = $1 AND (shown IS NOT NULL OR waiting IS NOT NULL)";
            let rows = inner.query(sql, &[&escape(&branch)])?;
            rows.iter().map(|row| key(row, 0)).collect()
        })
    }

    fn above(
        &mut self,
        beyond: Usn,
        except: &str,
        take: &mut dyn FnMut(Row),
    ) -> Result<(), StoreError> {
        let except = except.to_uppercase();
        self.run(|inner| {
            let condition = "usn > $1 AND branch <> $2 ORDER BY usn";
            entries(
                inner,
                condition,
                &[&number(beyond)?, &escape(&except)],
                take,
            )
        })
    }

    fn forget(&mut self, upto: Usn) -> Result<Option<Usn>, StoreError> {
        self.run(|inner| {
            let sql = "WITH gone AS (DELETE FROM entry WHERE shown IS NULL AND waiting IS NULL \
                                     AND usn <= $1 RETURNING usn) \
                       SELECT max(usn) FROM gone";
            let row = inner.query_one(sql, &[&number(upto)?])?;
            let highest: Option<i64> = row.try_get(0)?;
            Ok(highest.map(usn).transpose()?)
        })
    }
}

impl MasterChange for PostgresChange<'_> {
    fn see(&mut self, branch: &str, id: &str) -> Result<bool, StoreError> {
        let branch = branch.to_uppercase();
        self.run(|inner| {
            let sql = "INSERT INTO seen (branch, id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            let new = inner.execute(sql, &[&escape(&branch), &mark(id).as_slice()])?;
            Ok(new > 0)
        })
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self {
            inner,
            place,
            is_broken,
        } = *self;
        if is_broken {
            return Err(StoreError::half_done(place));
        }
        inner.commit().map_err(|error| Fault::from(error).at(place))
    }
}
