//! What stands beside a call: selectors, dry runs, how something is deleted.

use rand::Rng;
use serde_json::json;

use super::super::call::Call;
use super::super::fill::stand_in;
use super::{Draft, OWN, OWN_LABEL, Target};

impl Draft {
    /// Selectors. Outside of Namespaces everybody's objects are in the list but for the label.
    pub(super) fn select(&mut self, call: &mut Call, target: &Target) {
        let wide = format!("{OWN_LABEL}={OWN}");
        let label = if self.chance(35) {
            let selectors =
                ["app=a", "app", "!app", "app in (a,b)", "app notin (a)", "app!=a", "=", "app in a", "app=a,tier=x"];
            Some(self.one(&selectors))
        } else {
            None
        };
        let label = match (target.kind.namespaced, label) {
            (true, label) => label.map(str::to_owned),
            (false, Some(label)) => Some(format!("{wide},{label}")),
            (false, None) => Some(wide),
        };
        call.query.extend(label.map(|label| ("labelSelector".to_owned(), label)));
        if self.chance(20) {
            let field = match self.rng.random_range(0..7) {
                0 | 1 => format!("metadata.name={}", target.name),
                2 => format!("metadata.name!={}", target.name),
                3 => "type=Opaque".to_owned(),
                4 => "spec.nodeName=".to_owned(),
                5 => "status.phase=Pending".to_owned(),
                _ => "spec.colour=red".to_owned(),
            };
            call.query.push(("fieldSelector".to_owned(), field));
        }
    }

    /// Dry runs and field validation, now and then.
    pub(super) fn write_options(&mut self, call: &mut Call) {
        if self.chance(6) {
            let value = if self.chance(90) { "All" } else { "Some" };
            call.query.push(("dryRun".to_owned(), value.to_owned()));
        }
        if self.chance(6) {
            let value = self.one(&["Strict", "Warn", "Ignore", "Sloppy"]);
            call.query.push(("fieldValidation".to_owned(), value.to_owned()));
        }
    }

    pub(super) fn delete_options(&mut self, call: &mut Call, target: &Target) {
        match self.rng.random_range(0..12) {
            0..=4 => return,
            5 => {
                let seconds = self.one(&["0", "1", "30", "-1", "soon"]);
                call.query.push(("gracePeriodSeconds".to_owned(), seconds.to_owned()));
                return;
            }
            6 => {
                call.query.push(("dryRun".to_owned(), "All".to_owned()));
                return;
            }
            _ => {}
        }
        let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
        match self.rng.random_range(0..10) {
            0 => options["preconditions"] = json!({"uid": self.reference(target, "metadata.uid")}),
            1 => options["preconditions"] = json!({"uid": stand_in("uid")}),
            2 => {
                let version = self.reference(target, "metadata.resourceVersion");
                options["preconditions"] = json!({"resourceVersion": version});
            }
            3 => options["orphanDependents"] = true.into(),
            4 => options["gracePeriodSeconds"] = json!(0),
            5 => options["unheardOf"] = json!(1),
            _ => options["propagationPolicy"] = self.one(&["Background", "Foreground", "Orphan", "Sometimes"]).into(),
        }
        call.body = Some(options);
    }
}
