//! Dist-tags of the simulated registry, and how a process reads and writes them.

use std::collections::BTreeMap;
use std::time::Duration;

use relay_registry::{Credential, Otp, ReadError, RegistryUrl, WebChallenge};
use relay_workspace::{PackageName, Version};
use tokio::time::sleep;

use super::calls::Connection;
use super::registry::Factor;
use super::world::{World, look};
use crate::promotion::DistTags;
use crate::registry_calls::Polled;
use crate::registry_change::RegistryChange;
use crate::registry_writes::{PlannedWrite, RegistryWrites, Standing, WriteSent};
use crate::release::promoting::TagReads;

/// All dist-tags, by package.
pub(super) type AllTags = BTreeMap<PackageName, BTreeMap<String, Version>>;

impl TagReads for Connection {
    async fn dist_tags_of(
        &self,
        _: &RegistryUrl,
        name: &PackageName,
        _: Option<&Credential>,
    ) -> Result<DistTags, ReadError> {
        sleep(Duration::from_millis(30)).await;
        let tags = self.0.effect(format_args!("read the dist-tags of {name}"), |world, _| world.dist_tags(name));
        Ok(tags.unwrap_or_default())
    }
}

impl RegistryWrites for Connection {
    async fn standing(&self, write: &PlannedWrite, _: Option<&Credential>) -> Standing {
        sleep(Duration::from_millis(30)).await;
        let standing = self.0.effect(format_args!("read for {}", write.key()), |world, _| {
            if world.dice.befalls(world.faults.read) {
                return Standing::Unavailable { cause: "502".to_owned() };
            }
            if world.has_change(write) { Standing::Done } else { Standing::Open }
        });
        standing.unwrap_or(Standing::Unavailable { cause: "over".to_owned() })
    }

    async fn write_once(&self, write: &PlannedWrite, _: Option<&Credential>, otp: Option<&Otp>) -> WriteSent {
        look(&self.0.world).judge_holder(self.0.id, &write.key().to_string());
        let factor = otp.map(|_| look(&self.0.world).computers[self.0.at].factor);
        sleep(Duration::from_millis(40)).await;
        let sent = self.0.effect(format_args!("write {}", write.key()), |world, _| world.write_arrives(write, factor));
        sent.unwrap_or(WriteSent::NotSent { cause: "over".to_owned() })
    }

    async fn poll_write(&self, _: &PlannedWrite, challenge: &WebChallenge, _: Option<&Credential>) -> Polled {
        self.poll_any(challenge).await
    }
}

impl World {
    fn dist_tags(&self, name: &PackageName) -> DistTags {
        let tags = self.registry.tags.get(name).into_iter().flatten();
        tags.map(|(tag, version)| (tag.clone(), version.to_string())).collect()
    }

    fn has_change(&self, write: &PlannedWrite) -> bool {
        let tags = self.registry.tags.get(&write.package);
        let named = |tag: &str| tags.and_then(|tags| tags.get(tag));
        match &write.change {
            RegistryChange::SetTag { tag, version } => named(tag.as_str()) == Some(version),
            RegistryChange::RemoveTag { tag } => named(tag.as_str()).is_none(),
            other => panic!("{other} is no dist-tag"),
        }
    }

    /// A write arrives, and something may go wrong with it.
    fn write_arrives(&mut self, write: &PlannedWrite, factor: Option<Factor>) -> WriteSent {
        let lost = || WriteSent::Unknown { cause: "the connection broke".to_owned() };
        let fate = self.dice.befalls(self.faults.upload).then(|| self.dice.number(0..3));
        match fate {
            Some(0) => return lost(),
            Some(1) => {
                let text = "slow down".to_owned();
                return WriteSent::RateLimited { retry_after: Some(Duration::from_secs(2)), text };
            }
            _ => {}
        }
        if !self.registry.admits(&write.package, factor) {
            let message = "a code".to_owned();
            return WriteSent::Challenged(relay_registry::Challenge::Otp { message, notice: None });
        }
        match &write.change {
            RegistryChange::SetTag { tag, version } => {
                self.judge_tag_move(&write.package, tag.as_str(), version);
                self.registry.set_tag(&write.package, tag.as_str(), version);
            }
            RegistryChange::RemoveTag { tag } => {
                let tags = self.registry.tags.entry(write.package.clone()).or_default();
                tags.remove(tag.as_str());
            }
            other => panic!("{other} is no dist-tag"),
        }
        if fate.is_some() { lost() } else { WriteSent::Accepted }
    }
}
