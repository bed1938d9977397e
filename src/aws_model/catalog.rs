//! Which services there are, and their data, unpacked once when first asked for.

use std::sync::OnceLock;

use super::names::plain;
use super::service::Service;

struct Entry {
    name: &'static str,
    packed: &'static [u8],
    unpacked: OnceLock<Service>,
}

macro_rules! entries {
    ($($name:literal)*) => {
        [$(Entry {
            name: $name,
            packed: include_bytes!(concat!("data/", $name, ".z")),
            unpacked: OnceLock::new(),
        }),*]
    };
}

#[rustfmt::skip]
static ENTRIES: [Entry; 51] = entries![
    "acm" "apigatewayv2" "application-autoscaling" "arc-region-switch" "arc-zonal-shift" "autoscaling" "backup" "batch"
    "cloudformation" "cloudfront" "cloudwatch" "codedeploy" "dms" "docdb" "drs" "dynamodb" "ec2" "ecr" "ecs" "efs" "eks"
    "elasticache" "elb" "elbv2" "events" "fsx" "globalaccelerator" "iam" "kinesis" "kms" "lambda" "logs" "memorydb"
    "neptune" "opensearch" "rds" "redshift" "route53-recovery-cluster" "route53-recovery-control-config"
    "route53-recovery-readiness" "route53" "route53resolver" "s3" "secretsmanager" "servicediscovery" "sns" "sqs" "ssm"
    "stepfunctions" "sts" "wafv2"
];

/// The names of all services, as the `aws` command line has them.
pub fn known() -> impl ExactSizeIterator<Item = &'static str> + Clone {
    ENTRIES.iter().map(|entry| entry.name)
}

/// The service of this name, in any spelling: `route53`, `Route 53`, `route-53`.
pub fn service(name: &str) -> Option<&'static Service> {
    let wanted = plain(name);
    let entry = ENTRIES.iter().find(|entry| plain(entry.name) == wanted)?;
    Some(entry.unpacked.get_or_init(|| Service::unpack(entry.packed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads every line of all data, so that what is committed cannot be broken.
    #[test]
    fn all_data_can_be_read() {
        for name in known() {
            let service = service(name).unwrap();
            assert_eq!(service.facts().name, name);
            assert!(service.operations().count() > 3, "{name}");
            service.read_all();
        }
    }

    #[test]
    fn names_in_any_spelling() {
        for name in ["route53", "Route 53", "ROUTE-53"] {
            assert_eq!(service(name).unwrap().facts().name, "route53");
        }
        assert!(service("route5").is_none());
    }
}
