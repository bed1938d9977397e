//! `demand-scaling`: a live Prometheus, and an Auto Scaling group that follows it.

use serde_json::{Value as Json, json};

use crate::clouds::{capacity, group, page, place};
use crate::parties::prometheus::Prometheus;
use crate::parties::until;
use crate::place::Place;
use crate::stage::Stage;

const REGION: &str = "eu-west-1";

struct World {
    prometheus: Prometheus,
    place: Place,
    group: String,
}

fn world(name: &str, demand: u32) -> World {
    let place = place();
    let port = page(
        &place,
        "metrics",
        "metrics",
        &format!("queue_depth {demand}\n"),
    );
    let prometheus = Prometheus::start("[]", &[format!("127.0.0.1:{port}")]);
    World {
        prometheus,
        place,
        group: format!("scale-{name}"),
    }
}

impl World {
    fn params(&self) -> Json {
        json!({
            "prometheus": self.prometheus.url(),
            "query": "queue_depth",
            "per_instance": 10,
            "group": self.group,
            "region": REGION,
            "max": 8,
            "step": 2,
            "ceiling": 3,
            "pause": 0,
        })
    }
}

/// The demand changes, and Prometheus knows it.
fn demand(place: &Place, prometheus: &str, now: u32) {
    std::fs::write(
        place.path("metrics/metrics"),
        format!("queue_depth {now}\n"),
    )
    .expect("written");
    let url = format!("{prometheus}/api/v1/query?query=queue_depth");
    until("Prometheus knows the demand", || {
        let output = std::process::Command::new("curl")
            .args(["-s", &url])
            .output()
            .expect("curl");
        String::from_utf8_lossy(&output.stdout).contains(&format!("\"{now}\""))
    });
}

#[test]
fn up_with_the_demand_and_down_again() {
    let world = world("straight", 35);
    group(&world.group, 2, REGION);
    demand(&world.place, &world.prometheus.url(), 35);
    let params = world.params();
    let mut stage = Stage::start(world.place, "demand-scaling", &params);
    stage.wait_for("many", "waiting");
    assert_eq!(
        capacity(&world.group, REGION),
        3,
        "not beyond the ceiling before somebody agrees"
    );
    demand(&stage.place, &world.prometheus.url(), 12);
    stage.approve("many");
    stage.ends("succeeded");
    assert_eq!(capacity(&world.group, REGION), 2);
}

#[test]
fn the_group_is_made_while_the_run_waits_for_it() {
    let world = world("mended", 35);
    demand(&world.place, &world.prometheus.url(), 35);
    let params = world.params();
    let mut stage = Stage::start(world.place, "demand-scaling", &params);
    stage.wait_for("look-1/now", "failed");
    group(&world.group, 3, REGION);
    stage.retry("look-1/now");
    stage.approve("many");
    stage.ends("succeeded");
    assert_eq!(capacity(&world.group, REGION), 4);
}

#[test]
fn rolled_back_to_the_capacity_of_the_beginning() {
    let world = world("back", 75);
    group(&world.group, 2, REGION);
    demand(&world.place, &world.prometheus.url(), 75);
    let params = world.params();
    let mut stage = Stage::start(world.place, "demand-scaling", &params);
    stage.wait_for("many", "waiting");
    assert_eq!(
        capacity(&world.group, REGION),
        3,
        "75 at 10 each is beyond the ceiling"
    );
    stage.breakpoint("report");
    stage.approve("many");
    stage.wait_for("report", "held");
    assert_eq!(capacity(&world.group, REGION), 5, "two at a time");
    stage.roll_back("demand-scaling");
    assert_eq!(capacity(&world.group, REGION), 2);
}
