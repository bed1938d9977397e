//! `fleet-patch-and-replace`: machines by ssh, and EC2 instances.

use serde_json::{Value as Json, json};

use crate::clouds::{image, own_ssh, place, program};
use crate::parties::aws::aws;
use crate::parties::sshd::sshd;
use crate::stage::Stage;

const REGION: &str = "us-west-2";
const USER_DATA: &str = "#!/bin/sh\necho 'ä' > /etc/motd\n";

struct World {
    stage: Stage,
    fleet: String,
    old: Vec<String>,
}

fn begin(name: &str) -> World {
    let mut place = place();
    own_ssh(&mut place, &sshd().config.display().to_string());
    // It takes one name away each time that it is asked to patch, and fails while there is none left.
    let ledger = place.path("patched").display().to_string();
    let broken = place.path("broken").display().to_string();
    let control = program(
        &place,
        "control",
        &format!(
            "#!/bin/sh\n[ ! -e '{broken}' ] || [ \"$1\" != patch ] || {{ echo 'no room on the disk' >&2; exit 1; }}\necho \"$1\" >> '{ledger}'\n"
        ),
    );
    if name == "mended" {
        place.write("broken", "");
    }
    let image = image(REGION);
    let fleet = format!("shop-{name}");
    let tags = format!("ResourceType=instance,Tags=[{{Key=fleet,Value={fleet}}}]");
    aws(&[
        "--region",
        REGION,
        "ec2",
        "create-key-pair",
        "--key-name",
        &fleet,
    ]);
    aws(&[
        "--region",
        REGION,
        "ec2",
        "run-instances",
        "--image-id",
        &image,
        "--count",
        "2",
        "--instance-type",
        "t3.micro",
        "--key-name",
        &fleet,
        "--user-data",
        USER_DATA,
        "--tag-specifications",
        &tags,
    ]);
    let old = running(&fleet);
    assert_eq!(old.len(), 2);
    let params = json!({
        "hosts": ["web1", "web2"],
        "control": control,
        "fleet": fleet,
        "image": image,
        "region": REGION,
    });
    let stage = Stage::start(place, "fleet-patch-and-replace", &params);
    World { stage, fleet, old }
}

/// The instances of a fleet that run, as AWS's own command line tells.
fn running(fleet: &str) -> Vec<String> {
    let tag = format!("Name=tag:fleet,Values={fleet}");
    let found = aws(&[
        "--region",
        REGION,
        "ec2",
        "describe-instances",
        "--filters",
        &tag,
        "Name=instance-state-name,Values=running",
        "--query",
        "Reservations[].Instances[].InstanceId",
    ]);
    let ids = found.as_array().expect("a list").iter();
    ids.filter_map(Json::as_str).map(str::to_owned).collect()
}

/// What an instance has of those that were there before it; the last is its user data.
fn like(id: &str) -> [Json; 4] {
    let ec2 = |args: &[&str]| aws(&[&["--region", REGION, "ec2"], args].concat());
    let found = ec2(&["describe-instances", "--instance-ids", id]);
    let found = &found["Reservations"][0]["Instances"][0];
    let data = ec2(&[
        "describe-instance-attribute",
        "--instance-id",
        id,
        "--attribute",
        "userData",
    ]);
    let of = |key: &str| found[key].clone();
    let data = data["UserData"]["Value"].clone();
    assert!(data.is_string() && of("KeyName").is_string(), "{found}");
    [of("KeyName"), of("InstanceType"), of("ImageId"), data]
}

fn patches(stage: &Stage) -> usize {
    let ledger = std::fs::read_to_string(stage.place.path("patched")).unwrap_or_default();
    ledger.lines().filter(|line| *line == "patch").count()
}

#[test]
fn patched_and_replaced() {
    let mut world = begin("straight");
    world.stage.approve("go");
    world.stage.wait_for("old-away", "waiting");
    assert_eq!(running(&world.fleet).len(), 4, "the old ones run still");
    world.stage.approve("old-away");
    world.stage.ends("succeeded");
    let now = running(&world.fleet);
    assert_eq!(now.len(), 2);
    assert!(now.iter().all(|id| !world.old.contains(id)), "{now:?}");
    assert_eq!(patches(&world.stage), 2, "each machine once");
    let old = like(&world.old[0]);
    assert_eq!(like(&now[0]), old);
    assert_eq!(like(&now[1]), old);
}

#[test]
fn a_machine_that_cannot_be_patched_stops_the_rest_until_it_is_mended() {
    let mut world = begin("mended");
    world.stage.wait_for("patch[1]", "failed");
    assert_eq!(patches(&world.stage), 0);
    std::fs::remove_file(world.stage.place.path("broken")).expect("mended");
    world.stage.retry("patch[1]");
    world.stage.approve("go");
    world.stage.wait_for("old-away", "waiting");
    assert_eq!(running(&world.fleet).len(), 4, "the old ones run still");
    world.stage.approve("old-away");
    world.stage.ends("succeeded");
    assert_eq!(patches(&world.stage), 2);
    assert_eq!(running(&world.fleet).len(), 2);
}

#[test]
fn rolled_back_the_new_ones_are_gone_and_the_old_ones_run() {
    let mut world = begin("back");
    world.stage.breakpoint("terminate-old");
    world.stage.approve("go");
    world.stage.approve("old-away");
    world.stage.wait_for("terminate-old", "held");
    assert_eq!(running(&world.fleet).len(), 4);
    world.stage.roll_back("fleet-patch-and-replace");
    let mut now = running(&world.fleet);
    now.sort();
    world.old.sort();
    assert_eq!(now, world.old);
}
