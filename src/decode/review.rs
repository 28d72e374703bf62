//! Reviews: `data` of `cx.review.v1`, in the names of schema.org.

use serde::Deserialize;

use crate::batch::{DecodeError, Reason};
use crate::feedback::{self, Body, References, Review};

use super::Item;
use super::checks::{Checks, LABEL, rating};
use super::fault::{InField, fault};
use super::wire::{Object, Str, Time};

/// Longest headline in bytes; longer ones are cut.
const TITLE_BYTES: usize = 2048;

/// Scale of ratings that name none.
const STARS: (f64, f64) = (1.0, 5.0);

#[derive(Deserialize)]
pub(super) struct Data<'a> {
    #[serde(borrow)]
    review_id: Option<Str<'a>>,
    platform: Option<Str<'a>>,
    item: Option<Object<Reviewed<'a>>>,
    rating: Option<Object<Rating>>,
    aspect_ratings: Option<Vec<Object<AspectRating<'a>>>>,
    title: Option<Str<'a>>,
    body: Option<Str<'a>>,
    lang_hint: Option<Str<'a>>,
    author_ref: Option<Str<'a>>,
    verified_purchase: Option<bool>,
    order_id: Option<Str<'a>>,
    helpful_count: Option<u32>,
    created_at: Option<Time<'a>>,
    updated_at: Option<Time<'a>>,
    reply: Option<Object<Reply<'a>>>,
}

#[derive(Deserialize)]
struct Reviewed<'a> {
    r#type: Option<ItemType>,
    #[serde(borrow)]
    id: Option<Str<'a>>,
    name: Option<Str<'a>>,
    sku: Option<Str<'a>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum ItemType {
    Product,
    Place,
    App,
    Service,
    Brand,
}

#[derive(Deserialize)]
struct Rating {
    value: f64,
    worst: Option<f64>,
    best: Option<f64>,
}

#[derive(Deserialize)]
struct AspectRating<'a> {
    #[serde(borrow)]
    aspect: Str<'a>,
    value: f64,
    worst: Option<f64>,
    best: Option<f64>,
}

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow)]
    body: Option<Str<'a>>,
    at: Option<Time<'a>>,
}

impl Data<'_> {
    /// Checks what types can't say and makes the item. A deleted one keeps its identity alone.
    pub(super) fn convert(
        self,
        checks: &mut Checks<'_>,
        deleted: bool,
    ) -> Result<Item, DecodeError> {
        let id = checks.id("review_id", self.review_id)?;
        let platform = checks.required("platform", self.platform, LABEL)?;
        let created_at = checks.created_at("created_at", self.created_at)?;
        let updated_at = checks.time("updated_at", self.updated_at)?;
        let body = if deleted {
            Review::default()
        } else {
            let rating = self.rating.map(|r| r.0.convert().in_field("rating"));
            let ratings = self.aspect_ratings.unwrap_or_default().into_iter();
            let reply = match self.reply {
                Some(Object(Reply {
                    body: Some(body),
                    at,
                })) => {
                    let body = checks.text("body", Some(body)).in_field("reply")?;
                    let at = checks.time("at", at).in_field("reply")?;
                    Some((body, at.or(updated_at).unwrap_or(created_at)))
                }
                _ => None,
            };
            let review = Review {
                item: convert_item(checks, self.item).in_field("item")?,
                rating: rating.transpose()?,
                aspect_ratings: ratings
                    .enumerate()
                    .map(|(i, Object(rating))| rating.convert(checks).in_item("aspect_ratings", i))
                    .collect::<Result<_, _>>()?,
                title: checks.text_of("title", self.title, TITLE_BYTES)?,
                body: checks.text("body", self.body)?,
                author: checks.label("author_ref", self.author_ref)?,
                verified_purchase: self.verified_purchase,
                helpful_count: self.helpful_count.unwrap_or(0),
                reply,
            };
            if review.rating.is_none() && review.body.is_empty() {
                let message = "a review needs a rating or a body";
                return Err(fault(Reason::MissingField, "body", message));
            }
            review
        };
        Ok(Item {
            source: Some(platform),
            updated_at,
            lang_hint: checks.label("lang_hint", self.lang_hint)?,
            references: References {
                order_id: checks.label("order_id", self.order_id)?,
                ..References::default()
            },
            ..Item::new(id, created_at, Body::Review(body))
        })
    }
}

impl Rating {
    fn convert(self) -> Result<feedback::Rating, DecodeError> {
        let (worst, best) = STARS;
        let scale = (self.worst.unwrap_or(worst), self.best.unwrap_or(best));
        rating(("value", self.value), scale)
    }
}

impl AspectRating<'_> {
    fn convert(self, checks: &Checks<'_>) -> Result<(String, feedback::Rating), DecodeError> {
        let aspect = checks.required("aspect", Some(self.aspect), LABEL)?;
        let (value, worst, best) = (self.value, self.worst, self.best);
        Ok((aspect, Rating { value, worst, best }.convert()?))
    }
}

fn convert_item(
    checks: &Checks<'_>,
    item: Option<Object<Reviewed<'_>>>,
) -> Result<feedback::Item, DecodeError> {
    let Some(Object(item)) = item else {
        return Ok(feedback::Item::default());
    };
    let kind = match item.r#type {
        Some(ItemType::Product) => "product",
        Some(ItemType::Place) => "place",
        Some(ItemType::App) => "app",
        Some(ItemType::Service) => "service",
        Some(ItemType::Brand) => "brand",
        None => "",
    };
    Ok(feedback::Item {
        kind: kind.to_owned(),
        id: checks.required("id", item.id, LABEL)?,
        name: checks.label("name", item.name)?,
        sku: checks.label("sku", item.sku)?,
    })
}
