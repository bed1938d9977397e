//! `canary-release` in a real cluster, which `tests/clouds/kubernetes-cluster build` makes; without it `tests/run` says that
//! these are skipped.

use serde_json::{Value as Json, json};

use crate::clouds::page;
use crate::parties::kubernetes::{Namespace, kubeconfig};
use crate::parties::prometheus::Prometheus;
use crate::place::Place;
use crate::stage::Stage;

struct World {
    namespace: Namespace,
    stage: Stage,
}

fn deployment(name: &str, replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: {replicas}\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    \
         spec:\n      terminationGracePeriodSeconds: 0\n      \
         containers: [{{name: app, image: \"localhost/app:1\", imagePullPolicy: Never}}]\n"
    )
}

fn begin(name: &str, image: &str) -> World {
    begin_watched(name, image, Place::new(), &json!({}))
}

/// With more params.
fn begin_watched(name: &str, image: &str, mut place: Place, more: &Json) -> World {
    let namespace = Namespace::new(name);
    place.env.push(("KUBECONFIG".into(), kubeconfig().into()));
    let manifests = [deployment("shop", 2), deployment("shop-canary", 0)].join("---\n");
    let path = place.write("shop.yaml", &manifests);
    namespace.kubectl(&format!("apply -f {}", path.display()));
    namespace.kubectl("rollout status deploy/shop --timeout=60s");
    let mut params = json!({
        "context": "tests",
        "namespace": namespace.name,
        "deployment": "shop",
        "canary": "shop-canary",
        "image": image,
    });
    for (key, value) in more.as_object().expect("a map") {
        params[key] = value.clone();
    }
    let stage = Stage::start(place, "canary-release", &params);
    World { namespace, stage }
}

impl World {
    /// Image and ready replicas.
    fn stands(&self, deployment: &str) -> String {
        let fields = "jsonpath={.spec.template.spec.containers[0].image},{.spec.replicas},{.status.readyReplicas}";
        self.namespace
            .kubectl(&format!("get deploy {deployment} -o {fields}"))
    }
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_canary_straight_through() {
    let mut world = begin("canary", "localhost/app:2");
    world.stage.wait_for("go", "waiting");
    assert_eq!(world.stands("shop-canary"), "localhost/app:2,1,1");
    assert_eq!(world.stands("shop"), "localhost/app:1,2,2");
    world.stage.approve("go");
    world.stage.ends("succeeded");
    assert_eq!(world.stands("shop"), "localhost/app:2,2,2");
    assert_eq!(world.stands("shop-canary"), "localhost/app:2,0,");
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_canary_that_cannot_start_until_its_deployment_is_mended() {
    let mut world = begin("canary-mended", "localhost/app:2");
    world.stage.breakpoint("release");
    world.stage.approve("go");
    world.stage.wait_for("release", "held");
    // Somebody else has taken the deployment away.
    world.namespace.kubectl("delete deploy shop");
    world.stage.face.select("release");
    world.stage.face.keys("b");
    world.stage.wait_for("release", "failed");
    let path = world.stage.place.path("shop.yaml");
    world
        .namespace
        .kubectl(&format!("apply -f {}", path.display()));
    world.stage.retry("release");
    world.stage.ends("succeeded");
    assert_eq!(world.stands("shop"), "localhost/app:2,2,2");
}

#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_canary_rolled_back() {
    let mut world = begin("canary-back", "localhost/app:2");
    world.stage.wait_for("go", "waiting");
    world.stage.roll_back("canary-release");
    assert_eq!(world.stands("shop"), "localhost/app:1,2,2");
    assert_eq!(world.stands("shop-canary"), "localhost/app:1,0,");
}

/// What was changed is given back although it never stood.
#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_canary_of_an_image_that_is_not_there() {
    let mut world = begin("canary-none", "localhost/app:none");
    world.stage.wait_for("canary/stands", "failed");
    world.stage.roll_back("canary-release");
    assert_eq!(world.stands("shop-canary"), "localhost/app:1,0,");
    assert_eq!(world.stands("shop"), "localhost/app:1,2,2");
}

/// One that nobody hears of is not healthy, and one that makes errors is not released.
#[test]
#[ignore = "run tests/clouds/kubernetes-cluster build"]
fn kubernetes_canary_is_watched() {
    let place = Place::new();
    let port = page(&place, "metrics", "metrics", "errors_now 0.5\n");
    let page = place.path("metrics/metrics");
    std::fs::remove_file(&page).expect("it is silent at first");
    let prometheus = Prometheus::start("[]", &[format!("127.0.0.1:{port}")]);
    let more = json!({
        "prometheus": prometheus.url(),
        "errors": "sum(errors_now)",
        "scraped": "sum(up{job='app'})",
        "watch": 5,
    });
    let world = begin_watched("canary-watched", "localhost/app:2", place, &more);
    world.stage.wait_for("watch", "running");
    world.stage.face.wait("no data");
    std::fs::write(&page, "errors_now 0.5\n").expect("written");
    world.stage.wait_for("few-errors", "failed");
    let show = world.stage.place.show("r").to_string();
    assert!(show.contains("the canary made 0.5 errors"), "{show}");
}
