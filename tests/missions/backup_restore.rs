//! `backup-restore-drill`: PostgreSQL with its own tools, S3 and RDS.

use serde_json::{Value as Json, json};

use crate::clouds::place;
use crate::parties::aws::aws;
use crate::parties::postgres::Server;
use crate::stage::Stage;

const REGION: &str = "eu-central-1";

struct World {
    server: Server,
    stage: Stage,
    bucket: String,
}

fn begin(name: &str, before: &str) -> World {
    let mut place = place();
    place
        .env
        .push(("DRILL_DATABASE_PASSWORD".into(), "app-password".into()));
    let server = Server::start();
    server.psql("alter role app createdb");
    server.psql("alter database app owner to app");
    server.psql(before);
    let make = "create table public.orders as select n from generate_series(1, 500) n; alter table public.orders owner to app";
    let output = std::process::Command::new("psql")
        .args([
            "-h",
            "127.0.0.1",
            "-p",
            &server.port.to_string(),
            "-U",
            "postgres",
            "-d",
            "app",
            "-c",
            make,
        ])
        .output()
        .expect("psql");
    assert!(output.status.success(), "{output:?}");
    let bucket = format!("drills-{name}");
    let place_at = format!("LocationConstraint={REGION}");
    aws(&[
        "--region",
        REGION,
        "s3api",
        "create-bucket",
        "--bucket",
        &bucket,
        "--create-bucket-configuration",
        &place_at,
    ]);
    let instance = format!("shop-{name}");
    aws(&[
        "--region",
        REGION,
        "rds",
        "create-db-instance",
        "--db-instance-identifier",
        &instance,
        "--db-instance-class",
        "db.t3.micro",
        "--engine",
        "postgres",
        "--master-username",
        "postgres",
        "--master-user-password",
        "some-password",
        "--allocated-storage",
        "20",
    ]);
    let params = json!({
        "host": "127.0.0.1",
        "port": server.port,
        "user": "app",
        "database": "app",
        "table": "orders",
        "bucket": bucket,
        "region": REGION,
        "rds_instance": instance,
        "scratch": place.path("").display().to_string().trim_end_matches('/'),
    });
    let more: &[&str] = match name {
        "late" => &["--break", "give-back"],
        "tampered" => &["--break", "fetch"],
        _ => &[],
    };
    let stage = Stage::start_with(place, "backup-restore-drill", &params, more);
    World {
        server,
        stage,
        bucket,
    }
}

impl World {
    fn objects(&self) -> usize {
        let listed = aws(&[
            "--region",
            REGION,
            "s3api",
            "list-objects-v2",
            "--bucket",
            &self.bucket,
        ]);
        listed["Contents"].as_array().map_or(0, Vec::len)
    }

    /// Objects in S3, copies of the database, dumps on this machine.
    fn left(&self) -> (usize, String, usize) {
        (self.objects(), self.copies(), self.dumps())
    }

    fn copies(&self) -> String {
        self.server
            .psql("select count(*) from pg_database where datname like 'flightdeck%'")
    }

    fn dumps(&self) -> usize {
        let files = std::fs::read_dir(self.stage.place.dir.path())
            .expect("the folder")
            .flatten();
        files
            .filter(|f| f.file_name().to_string_lossy().ends_with(".dump"))
            .count()
    }
}

/// The next run has the same name.
fn forget_snapshot() {
    aws(&[
        "--region",
        REGION,
        "rds",
        "delete-db-snapshot",
        "--db-snapshot-identifier",
        "drill-r",
    ]);
}

/// RDS instances and snapshots of drills.
fn rds() -> (usize, usize) {
    let ids = |all: &Json, list: &str, key: &str| {
        let all = all[list].as_array().expect("a list").iter();
        all.filter(|one| one[key].as_str().is_some_and(|id| id.starts_with("drill-")))
            .count()
    };
    let instances = aws(&["--region", REGION, "rds", "describe-db-instances"]);
    let snapshots = aws(&["--region", REGION, "rds", "describe-db-snapshots"]);
    (
        ids(&instances, "DBInstances", "DBInstanceIdentifier"),
        ids(&snapshots, "DBSnapshots", "DBSnapshotIdentifier"),
    )
}

/// One after the other: their runs have the same name, and so have the snapshots that they make.
#[test]
fn straight_through_then_mended_then_rolled_back() {
    let world = begin("straight", "select 1");
    world.stage.ends("succeeded");
    assert_eq!(world.left(), (1, "0".to_owned(), 0));
    assert_eq!(
        rds(),
        (0, 1),
        "the copy is given back, the snapshot is kept"
    );
    forget_snapshot();

    let mut world = begin("mended", "create database flightdeck_r");
    world.stage.wait_for("restore", "failed");
    assert!(world.stage.face.text().contains("restore"));
    world.server.psql("drop database flightdeck_r");
    world.stage.retry("restore");
    world.stage.ends("succeeded");
    assert_eq!(world.left(), (1, "0".to_owned(), 0));
    forget_snapshot();

    // Rolled back when the copy in RDS is gone already.
    let mut world = begin("late", "select 1");
    world.stage.wait_for("rds-gone", "succeeded");
    world.stage.wait_for("give-back", "held");
    assert_eq!(rds(), (0, 1));
    world.stage.roll_back("backup-restore-drill");
    assert_eq!(world.left(), (0, "0".to_owned(), 0));
    assert_eq!(rds(), (0, 0));

    let mut world = begin("back", "create database flightdeck_r");
    world.stage.wait_for("restore", "failed");
    world.stage.wait_for("rds-copy", "succeeded");
    world.server.psql("drop database flightdeck_r");
    world.stage.roll_back("backup-restore-drill");
    assert_eq!(world.left(), (0, "0".to_owned(), 0));
    assert_eq!(rds(), (0, 0));

    // What S3 gives back is not what was dumped: it is not restored.
    let mut world = begin("tampered", "select 1");
    world.stage.wait_for("fetch", "held");
    let other = world.stage.place.write("other", "not a dump");
    aws(&[
        "--region",
        REGION,
        "s3api",
        "put-object",
        "--bucket",
        &world.bucket,
        "--key",
        "drills/r.dump",
        "--body",
        &other.display().to_string(),
    ]);
    world.stage.face.select("fetch");
    world.stage.face.keys("b");
    world.stage.wait_for("came-back", "failed");
    world.stage.wait_for("rds-copy", "succeeded");
    assert_eq!((world.copies().as_str(), world.dumps()), ("0", 2));
    world.stage.roll_back("backup-restore-drill");
    assert_eq!(world.left(), (0, "0".to_owned(), 0));
    assert_eq!(rds(), (0, 0));
}
