//! `sada erase`: a customer's data, out of tables and indexes, for good.

use std::collections::HashMap;

use anyhow::{Context, Result};
use clap::Args;
use comfy_table::Table;
use indicatif::ProgressBar;
use jiff::Timestamp;

use super::job::{align, patiently, table};
use super::{Deployment, enricher, say};
use crate::config::{Config, ConfigError};
use crate::enrich::privacy::Person;
use crate::erasure::{Mark, Marker, Named};
use crate::feedback::Millis;
use crate::telemetry;
use crate::warehouse::erasing::log::{IndexOf, standing};
use crate::warehouse::erasing::{Erasing, Known, Scope, relations};
use crate::warehouse::migrations;

pub mod indexes;
pub mod job;
mod passing;
pub mod requests;

use job::Parties;
pub use job::{Erased, Job};

/// Erase a customer: everything stored of them until now, for good
///
/// Finds out what the customer is known by (merged customers, identities, orders, tickets, visits,
/// shipments, conversations), tells all instances by keyed hashes to skip what they still read of
/// it, waits until they do, deletes all rows and takes them off ClickHouse's disks. What comes of the
/// customer later is taken again: erase them first in the systems that send it. Kafka's own records
/// go with their retention.
#[derive(Args)]
#[command(after_help = "Examples:
  sada erase --customer c-204 --tenant shop --dry-run     # what would go?
  sada erase --customer c-204 --tenant shop
  sada erase --identity email=jo@example.com --identity anonymous_id=a-77

Broken off, it is simply run again and goes on; run again after its end, it is a new request. Takes
half a minute and the time that ClickHouse needs to write the touched parts anew. Exit code 1: it did
not come to its end; 2: refused, nothing was done.")]
pub struct Arguments {
    #[command(flatten)]
    deployment: Deployment,
    /// Identifier of the customer, as events have it
    #[arg(long, value_name = "ID", required_unless_present = "identity")]
    customer: Option<String>,
    /// A further identifier, as events have it: type=value; may be repeated
    #[arg(long, value_name = "TYPE=VALUE", value_parser = identity)]
    identity: Vec<(String, String)>,
    /// Owner of the data
    #[arg(long, value_name = "NAME", default_value = "default")]
    tenant: String,
    /// Print what would go, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
///
/// # Errors
/// The configuration was refused, Kafka or ClickHouse failed for long, a signal came.
pub fn run(arguments: Arguments) -> Result<()> {
    let config = arguments.deployment.load()?;
    telemetry::start(&config.log)?;
    require_topic(&config)?;
    let person = enricher::redactor(&config)?.person(arguments.person());
    let marker = enricher::marker(&config)?;
    super::runtime()?.block_on(async {
        migrations::verify(&config).await?;
        let shutdown = super::shutdown()?;
        let request = request(&person, &marker)?;
        let standing = patiently(&shutdown, async || standing(&config, request).await).await?;
        let scope = Scope {
            tenant: person.tenant.clone(),
            requested_at: match (standing.requested_at, standing.is_done) {
                (Some(unfinished), false) => unfinished,
                _ => Timestamp::now().as_millisecond(),
            },
            request,
        };
        let until = time(scope.requested_at);
        say(format_args!(
            "Request {request}, what happened up to {until}"
        ))?;
        let erasing = Erasing::new(&config, scope)?;
        if arguments.dry_run {
            let known = async || erasing.resolve(&Known::of(&person)).await;
            let known = patiently(&shutdown, known).await?;
            let rows = patiently(&shutdown, async || erasing.rows(&known).await).await?;
            say(format_args!("\n{}\n", identifiers(&known)))?;
            return Ok(say(rows_table("rows that would go", &rows))?);
        }
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        let tell = |what: &str| bar.set_message(what.to_owned());
        tell("reading who is erased");
        // Followed until the job ends.
        let follow = || requests::follow(&config, &HashMap::new());
        let (erasures, _follower) = tokio::task::block_in_place(follow)?;
        let parties = Parties {
            person,
            marker,
            erasures,
        };
        let job = Job::new(&config, erasing, parties, shutdown, &tell)?;
        let erased = job.run().await;
        bar.finish_and_clear();
        let Erased {
            known,
            rows,
            indexes,
        } = erased?;
        say(format_args!("\n{}\n", identifiers(&known)))?;
        say(rows_table("rows erased", &rows))?;
        say("\nThey are deleted, off ClickHouse's disks, and will not be taken from Kafka again.")?;
        say(left_to_instances(&indexes))?;
        Ok(())
    })
}

fn require_topic(config: &Config) -> Result<(), ConfigError> {
    if !config.kafka.erasure_topic.is_empty() {
        return Ok(());
    }
    Err(ConfigError {
        place: String::new(),
        field: "kafka.erasure_topic".into(),
        message: "is not set: the pipeline would take the customer's records again".into(),
        mend: "create a compacted topic, name it there, and start all instances anew".into(),
    })
}

impl Arguments {
    fn person(&self) -> Person {
        Person {
            tenant: self.tenant.clone(),
            customer_id: self.customer.clone().unwrap_or_default(),
            identities: self.identity.clone(),
        }
    }
}

fn identity(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((kind, value)) if !kind.is_empty() && !value.is_empty() => {
            Ok((kind.to_owned(), value.to_owned()))
        }
        _ => Err("give type=value, as in device_id=d-17".into()),
    }
}

/// What a request is known by: whom it names.
///
/// # Errors
/// Only under a key that does not exist.
pub fn request(person: &Person, marker: &Marker) -> Result<Mark> {
    let mut identities: Vec<&(String, String)> = person.identities.iter().collect();
    identities.sort_unstable();
    identities.dedup();
    let named = identities
        .iter()
        .flat_map(|(kind, value)| [&**kind, &**value]);
    let id: Vec<&str> = std::iter::once(&*person.customer_id).chain(named).collect();
    let mark = marker.mark(&person.tenant, Named::Request, &id);
    mark.context("the privacy key can't be used")
}

fn time(millis: Millis) -> String {
    Timestamp::from_millisecond(millis).map_or_else(|_| millis.to_string(), |t| t.to_string())
}

fn identifiers(known: &Known) -> Table {
    let mut table = table(&["known by", "identifiers"]);
    for (what, count) in known.counts() {
        table.add_row([what.to_owned(), count.to_string()]);
    }
    align(&mut table, 1);
    table
}

fn rows_table(what: &str, rows: &std::collections::BTreeMap<&'static str, u64>) -> Table {
    let mut table = table(&["table", what]);
    for relation in relations() {
        let count = rows.get(relation.name()).copied().unwrap_or(0);
        table.add_row([relation.name().to_owned(), count.to_string()]);
    }
    align(&mut table, 1);
    table
}

/// What is to be known of the indexes of instances.
fn left_to_instances(indexes: &[IndexOf]) -> String {
    if indexes.is_empty() {
        return "The index of every instance is without them.".into();
    }
    let mut text = "These indexes have not told that they are without them:\n".to_owned();
    for index in indexes {
        text.push_str(&format!("  {index}\n"));
    }
    text + "An instance that runs takes them out as soon as its disk has the space, a stopped one at its \
            next start, and tells so in erasure_log (step index). Is one gone for good, delete its folder."
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Line::try_parse_from(line.split(' ')).map(|l| l.arguments)
    }

    #[test]
    fn somebody_is_named() {
        let arguments = parse("erase --customer c1 --identity a=b=c --identity d=e").unwrap();
        let person = arguments.person();
        assert_eq!(person.tenant, "default");
        assert_eq!(person.identities[0], ("a".to_owned(), "b=c".to_owned()));
        assert!(parse("erase --identity a=b").is_ok());
        for wrong in ["erase", "erase --identity a", "erase --identity =b"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_request_is_known_by_whom_it_names_in_any_order() {
        let marker = Marker::new(b"a key known to tests");
        let of = |line: &str| request(&parse(line).unwrap().person(), &marker).unwrap();
        let one = of("erase --customer c1 --identity a=b --identity c=d");
        assert_eq!(one, of("erase --identity c=d --identity a=b --customer c1"));
        assert_ne!(one, of("erase --customer c1 --identity a=b"));
        assert_ne!(
            one,
            of("erase --tenant t --customer c1 --identity a=b --identity c=d")
        );
    }

    #[test]
    fn indexes_that_are_left_are_named() {
        let none = left_to_instances(&[]);
        assert!(none.contains("every instance"), "{none}");
        let left = left_to_instances(&[IndexOf {
            instance: "7f3 /var/lib/sada/index".into(),
            without: String::new(),
            told_at: 1_780_000_000_000,
        }]);
        let place = "7f3 /var/lib/sada/index (told last at 2026-05-28T20:26:40Z)";
        assert!(left.contains(place), "{left}");
        assert!(!left.contains("every instance"), "{left}");
    }

    #[test]
    fn without_a_topic_it_is_refused() {
        let mut config = Config::default();
        assert!(require_topic(&config).is_err());
        config.kafka.erasure_topic = "sada.erasure".into();
        assert!(require_topic(&config).is_ok());
    }
}
