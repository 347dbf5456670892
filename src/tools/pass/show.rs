//! A plan for people: one line for everything that changes.

use crate::codec::FixedText;
use crate::list::ListId;
use crate::plan::Row;
use crate::plan::local::LocalChange;
use crate::plan::pol::PolChange;
use crate::postoffice::Postoffice;

use super::Decided;

/// Hands every line of a plan to `take`, in the order in which it is carried out.
///
/// # Errors
/// Those of `take`.
pub fn plan_lines<E>(
    po: &Postoffice,
    decided: &Decided,
    take: &mut dyn FnMut(String) -> Result<(), E>,
) -> Result<(), E> {
    let code_page = po.code_page();
    let text = |name: &FixedText<31>| code_page.decode(name.as_bytes());
    for place in &decided.plan.places {
        take(format!("define  {}", place.name.view(code_page)))?;
    }
    for list in &decided.plan.lists {
        let id = list.id.display(code_page);
        if list.template.is_some() {
            take(format!("define  {id}  template"))?;
        }
        for row in &list.rows {
            take(match row {
                Row::Add(entry) => added(&id, &text(&entry.name)),
                Row::Change { old, new } => changed(&id, &text(&old.name), &text(&new.name)),
                Row::Remove { entry, .. } => removed(&id, &text(&entry.name)),
            })?;
        }
    }
    let id = ListId::Local.display(code_page);
    for (change, _) in &decided.local.changes {
        take(match change {
            LocalChange::Create { entry, .. } => added(&id, &text(&entry.name)),
            LocalChange::Modify {
                old_name, entry, ..
            } => changed(&id, &text(old_name), &text(&entry.name)),
            LocalChange::Delete { name, .. } => removed(&id, &text(name)),
        })?;
    }
    let id = ListId::Pol.display(code_page);
    for change in &decided.pol {
        take(match change {
            PolChange::Insert { name, .. } => added(&id, &text(name)),
            PolChange::Change { old, name, .. } => changed(&id, &text(old), &text(name)),
            PolChange::Remove { name } => removed(&id, &text(name)),
        })?;
    }
    Ok(())
}

fn added(list: &str, name: &str) -> String {
    format!("add     {list}  {name}")
}

fn removed(list: &str, name: &str) -> String {
    format!("remove  {list}  {name}")
}

fn changed(list: &str, old: &str, new: &str) -> String {
    if old == new {
        format!("change  {list}  {new}")
    } else {
        format!("rename  {list}  {old} -> {new}")
    }
}
