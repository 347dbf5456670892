//! What is shown, in order.

use std::io::Write;

use super::stage::Stage;
use crate::tools::exit::ToolError;

/// The dir-sync server, by its directory; the names of the postoffices are those of Q96060.
const SERVER: &str = "montgomery";

/// The requestors, by their directories.
const REQUESTORS: [&str; 2] = ["november", "october"];

/// The gateways, beside SNADS, whose nodes need a name of their own.
const GATEWAYS: [&str; 6] = ["SMTP", "MHS", "MSMAIL", "X400", "MCI", "FAX"];

/// Bytes of SrvSync in REQCONF.GLB.
const SRV_SYNC_OFFSET: usize = 44;

/// Gives the tour.
pub(super) fn play<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    stage.part("Three postoffices: a dir-sync server and two requestors")?;
    set_up(stage)?;
    stage.part("T0: what each has to tell")?;
    fill(stage)?;
    stage.part("T1: the requestors send, their mail is delivered")?;
    send(stage)?;
    stage.part("T2: the server takes and answers")?;
    answer(stage)?;
    stage.part("T3: the answers go into the lists, and the global list is built")?;
    take(stage)?;
    stage.part("The next cycle: one name comes, one goes")?;
    change(stage)?;
    stage.part("A requestor out of step, found by podiag")?;
    damage(stage)?;
    stage.part("Mended by a resync")?;
    mend(stage)?;
    stage.part("The same names everywhere")?;
    compare(stage)
}

/// Every postoffice by its directory, the server first.
fn all() -> impl Iterator<Item = &'static str> {
    [SERVER].into_iter().chain(REQUESTORS)
}

fn name(directory: &str) -> String {
    format!("POLYNOMIAL/{}", directory.to_uppercase())
}

fn set_up<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    let server = name(SERVER);
    for po in [SERVER].iter().chain(&REQUESTORS) {
        stage.run(&format!("admin -d{{}}/{po} setup {}", name(po)))?;
        stage.run(&format!(
            "admin -d{{}}/{po} admin -ppassword gateway install SNADS SNADSGATE"
        ))?;
        for kind in GATEWAYS {
            stage.run(&format!(
                "admin -d{{}}/{po} admin -ppassword gateway install {kind}"
            ))?;
        }
    }
    let admin = |po: &str, words: &str| format!("admin -d{{}}/{po} admin -ppassword {words}");
    stage.run(&admin(SERVER, "config dirsync options server yes"))?;
    stage.say("the server is its own requestor; with a password on both sides nobody else can speak for it")?;
    for words in ["server requestors modify", "requestor registration"] {
        stage.run(&admin(
            SERVER,
            &format!("config dirsync {words} {server} --password sesame"),
        ))?;
    }
    for po in REQUESTORS {
        let requestor = name(po);
        for (at, words) in [
            (
                SERVER,
                format!("external create {requestor} --route direct:{{}}/{po}"),
            ),
            (
                SERVER,
                format!("config dirsync server requestors create {requestor} --password sesame"),
            ),
            (
                po,
                format!("external create {server} --route direct:{{}}/{SERVER}"),
            ),
            (
                po,
                format!("config dirsync requestor registration {server} --password sesame"),
            ),
            (
                po,
                format!(
                    "config dirsync requestor types PCM,SNADS,{}",
                    GATEWAYS.join(",")
                ),
            ),
            (
                po,
                "config dirsync requestor options --create-po yes --templates-receive yes"
                    .to_owned(),
            ),
        ] {
            stage.run(&admin(at, &words))?;
        }
    }
    Ok(())
}

/// Everybody makes his own users; the server knows of the postoffices and gateways around it.
fn fill<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    for po in all() {
        stage.run(&format!(
            "import -d{{}}/{po} admin -ppassword -f{{}}/files/{po}.txt -y"
        ))?;
    }
    let import = |words: &str| format!("import -d{{}}/{SERVER} admin -ppassword {words} -y");
    stage.say("the published lists of NET1/PO1 and of a SNADS gateway, and one address of each other gateway")?;
    stage.run(&import("-c -f{}/files/po1.txt"))?;
    stage.run(&import("-f{}/files/po1names.txt"))?;
    stage.run(&import("-c -t -gsnads -f{}/files/snads.txt"))?;
    stage.run(&import("-f{}/files/gateways.txt"))?;
    stage.say("each new user waits in REQTRANS for the next T1")?;
    stage.run("listq -d{}/montgomery admin -ppassword -c -t -freqtrans")
}

/// T1 everywhere, the server included: it is its own requestor.
fn send<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    for po in all() {
        stage.run(&format!("reqmain -t -d{{}}/{po}"))?;
    }
    deliver(stage)
}

/// What lies in P1 goes to the postoffices it is for.
fn deliver<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    let places: Vec<_> = all().map(|po| format!("-d{{}}/{po}")).collect();
    stage.run(&format!("external -0 {}", places.join(" ")))
}

fn answer<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    stage.run(&format!("srvmain -r -d{{}}/{SERVER}"))?;
    stage.run(&format!("srvmain -t -d{{}}/{SERVER}"))?;
    stage.run(&format!("listds -d{{}}/{SERVER} admin -ppassword -s"))?;
    deliver(stage)
}

fn take<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    for po in all() {
        stage.run(&format!("reqmain -r -d{{}}/{po}"))?;
        stage.run(&format!("import -d{{}}/{po} -q -y --unattended"))?;
        stage.run(&format!("rebuild -f -d{{}}/{po}"))?;
    }
    stage.run("listds -d{}/october admin -ppassword -r")
}

/// One cycle more, as a schedule would run it.
fn cycle<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    send(stage)?;
    stage.run(&format!("srvmain -r -d{{}}/{SERVER}"))?;
    stage.run(&format!("srvmain -t -d{{}}/{SERVER}"))?;
    deliver(stage)?;
    for po in all() {
        stage.run(&format!("reqmain -r -d{{}}/{po}"))?;
        stage.run(&format!("import -d{{}}/{po} -q -y --unattended"))?;
        stage.run(&format!("rebuild -f -d{{}}/{po}"))?;
    }
    Ok(())
}

fn change<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    stage.run("import -d{}/november admin -ppassword -f{}/files/change.txt -y")?;
    cycle(stage)?;
    stage.run("listds -d{}/montgomery admin -ppassword -s")
}

fn damage<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    stage.say("somebody deletes a name by hand that belongs to another postoffice,")?;
    stage.run("import -d{}/october admin -ppassword -f{}/files/gone.txt -y")?;
    stage.say("somebody else loses REQTRANS.GLB,")?;
    stage.run("rm {}/october/GLB/REQTRANS.GLB")?;
    stage.say("and a bad disk gives REQCONF.GLB a SrvSync that its server never gave")?;
    stage.damage("{}/october/GLB/REQCONF.GLB", SRV_SYNC_OFFSET, [0x47, 0x12])?;
    stage.find("podiag -d{}/october admin -ppassword")
}

fn mend<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    let file = "{}/montgomery/GLB/RESYNC.GLB";
    stage.run("import -d{}/montgomery admin -ppassword -s -y")?;
    stage.run(&format!("resync check {file}"))?;
    stage.run(&format!("resync show {file}"))?;
    stage.run(&format!(
        "resync plan {file} -d{{}}/october admin -ppassword"
    ))?;
    stage.run(&format!("mv {file} {{}}/october/GLB/RESYNC.GLB"))?;
    stage.run("import -d{}/october admin -ppassword -q -y")?;
    stage.run("podiag -d{}/october admin -ppassword")?;
    stage.say("the next cycle runs as if nothing had been")?;
    cycle(stage)?;
    stage.run("listds -d{}/october admin -ppassword -r")
}

fn compare<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), ToolError> {
    for po in [SERVER].iter().chain(&REQUESTORS) {
        let list = format!("{{}}/files/{po}.all");
        stage.run(&format!("import -d{{}}/{po} admin -ppassword -x -f{list}"))?;
        stage.run(&format!("sort -o {list} {list}"))?;
    }
    for po in REQUESTORS {
        stage.run(&format!("cmp {{}}/files/{SERVER}.all {{}}/files/{po}.all"))?;
    }
    stage.say("no difference: whoever looks a name up finds the same at all three")
}
