//! Survey responses: `data` of `cx.survey_response.v1`.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::batch::{DecodeError, Reason};
use crate::feedback::{Answer, AnswerType, Body, References, Scale, Survey};

use super::Item;
use super::checks::{Checks, LABEL, check_count, on_scale};
use super::fault::{InField, fault, missing};
use super::wire::{Object, Pairs, Str, Time};

/// Most answers of a response.
const MAX_ANSWERS: usize = 200;

#[derive(Deserialize)]
pub(super) struct Data<'a> {
    #[serde(borrow)]
    response_id: Option<Str<'a>>,
    survey: Option<Object<AboutSurvey<'a>>>,
    status: Option<Status>,
    created_at: Option<Time<'a>>,
    updated_at: Option<Time<'a>>,
    #[serde(rename = "invited_at")]
    _invited_at: Option<Time<'a>>,
    #[serde(rename = "started_at")]
    _started_at: Option<Time<'a>>,
    submitted_at: Option<Time<'a>>,
    trigger: Option<Object<Trigger<'a>>>,
    answers: Option<Vec<Object<WireAnswer<'a>>>>,
    hidden: Option<Pairs<'a>>,
    lang_hint: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct AboutSurvey<'a> {
    #[serde(borrow)]
    id: Option<Str<'a>>,
    name: Option<Str<'a>>,
    #[serde(rename = "version")]
    _version: Option<IgnoredAny>,
    kind: Option<SurveyKind>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum SurveyKind {
    Transactional,
    Relational,
    Employee,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Status {
    Partial,
    Complete,
}

#[derive(Deserialize)]
struct Trigger<'a> {
    r#type: TriggerType,
    #[serde(borrow)]
    id: Option<Str<'a>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum TriggerType {
    Order,
    Ticket,
    Conversation,
    Delivery,
    None,
}

#[derive(Deserialize)]
struct WireAnswer<'a> {
    #[serde(borrow)]
    question_id: Str<'a>,
    #[serde(rename = "ref")]
    _ref: Option<IgnoredAny>,
    text: Option<Str<'a>>,
    r#type: WireType,
    number: Option<f64>,
    text_value: Option<Str<'a>>,
    bool: Option<bool>,
    choices: Option<Vec<Str<'a>>>,
    scale: Option<Object<WireScale>>,
    #[serde(rename = "ttc_ms")]
    _ttc_ms: Option<IgnoredAny>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum WireType {
    Nps,
    Csat,
    Ces,
    Rating,
    SingleChoice,
    MultiChoice,
    Boolean,
    Text,
    Number,
    Date,
}

#[derive(Deserialize, Clone, Copy)]
struct WireScale {
    min: f64,
    max: f64,
    direction: Option<Direction>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Direction {
    HigherBetter,
    LowerBetter,
}

impl Data<'_> {
    /// Checks what types can't say and makes the item. A deleted one keeps its identity alone.
    pub(super) fn convert(
        self,
        checks: &mut Checks<'_>,
        deleted: bool,
    ) -> Result<Item, DecodeError> {
        let id = checks.id("response_id", self.response_id)?;
        let created_at = checks.created_at("created_at", self.created_at)?;
        let updated_at = checks.time("updated_at", self.updated_at)?;
        let submitted_at = checks.time("submitted_at", self.submitted_at)?;
        let mut survey = Survey {
            submitted_at: submitted_at.unwrap_or(created_at),
            ..Survey::default()
        };
        let mut references = References::default();
        let mut hidden = Vec::new();
        if !deleted {
            let Object(about) = self.survey.ok_or_else(|| missing("survey"))?;
            (survey.survey_id, survey.name, survey.kind) =
                about.convert(checks).in_field("survey")?;
            survey.complete = self.status != Some(Status::Partial);
            if survey.complete && submitted_at.is_none() {
                return Err(missing("submitted_at"));
            }
            let answers = self.answers.ok_or_else(|| missing("answers"))?;
            check_count("answers", answers.len(), MAX_ANSWERS)?;
            let answers = answers.into_iter().enumerate();
            survey.answers = answers
                .map(|(i, Object(answer))| answer.convert(checks).in_item("answers", i))
                .collect::<Result<_, _>>()?;
            if let Some(Object(trigger)) = self.trigger {
                references = trigger.convert(checks).in_field("trigger")?;
            }
            hidden = checks.pairs("hidden", self.hidden)?;
        }
        Ok(Item {
            updated_at,
            lang_hint: checks.label("lang_hint", self.lang_hint)?,
            references,
            hidden,
            ..Item::new(id, created_at, Body::Survey(survey))
        })
    }
}

impl AboutSurvey<'_> {
    /// Id, name and kind.
    fn convert(self, checks: &Checks<'_>) -> Result<(String, String, String), DecodeError> {
        let kind = match self.kind {
            Some(SurveyKind::Transactional) => "transactional",
            Some(SurveyKind::Relational) => "relational",
            Some(SurveyKind::Employee) => "employee",
            None => "",
        };
        Ok((
            checks.required("id", self.id, LABEL)?,
            checks.label("name", self.name)?,
            kind.to_owned(),
        ))
    }
}

impl Trigger<'_> {
    fn convert(self, checks: &Checks<'_>) -> Result<References, DecodeError> {
        let mut references = References::default();
        let (name, reference) = match self.r#type {
            TriggerType::None => return Ok(references),
            TriggerType::Order => ("order", Some(&mut references.order_id)),
            TriggerType::Ticket => ("ticket", Some(&mut references.ticket_id)),
            TriggerType::Conversation => ("conversation", Some(&mut references.conversation_id)),
            TriggerType::Delivery => ("delivery", None),
        };
        let id = checks.required("id", self.id, LABEL)?;
        if let Some(reference) = reference {
            reference.clone_from(&id);
        }
        references.trigger = Some((name.to_owned(), id));
        Ok(references)
    }
}

impl WireAnswer<'_> {
    fn convert(self, checks: &mut Checks<'_>) -> Result<Answer, DecodeError> {
        let kind = self.r#type.into();
        let scale = scale_of(kind, self.scale).in_field("scale")?;
        if let Some(number) = self.number {
            if kind == AnswerType::Nps && number.fract() != 0.0 {
                let message = "the likelihood to recommend is a whole number";
                return Err(fault(Reason::InvalidValue, "number", message));
            }
            if let Some(scale) = scale {
                on_scale("number", number, scale.min, scale.max)?;
            }
        }
        let choices = self.choices.unwrap_or_default().into_iter().enumerate();
        Ok(Answer {
            question_id: checks.required("question_id", Some(self.question_id), LABEL)?,
            question: checks.text("text", self.text)?,
            kind,
            number: self.number,
            text: checks.text("text_value", self.text_value)?,
            boolean: self.bool,
            choices: choices
                .map(|(i, choice)| checks.text("", Some(choice)).in_item("choices", i))
                .collect::<Result<_, _>>()?,
            scale,
        })
    }
}

/// The scale that is told, else the one that the measure has by definition.
fn scale_of(
    kind: AnswerType,
    told: Option<Object<WireScale>>,
) -> Result<Option<Scale>, DecodeError> {
    let by_definition = |min, max| Scale {
        min,
        max,
        higher_better: true,
    };
    let told = told.map(|Object(scale)| Scale {
        min: scale.min,
        max: scale.max,
        higher_better: scale.direction != Some(Direction::LowerBetter),
    });
    if told.is_some_and(|scale| scale.min >= scale.max) {
        let message = "the lowest value of the scale is not below its highest";
        return Err(fault(Reason::InvalidValue, "min", message));
    }
    match (kind, told) {
        (AnswerType::Nps, told) => {
            let nps = by_definition(0.0, 10.0);
            if told.is_some_and(|told| told != nps) {
                let message = "the likelihood to recommend goes from 0 to 10, higher is better";
                return Err(fault(Reason::InvalidValue, "", message));
            }
            Ok(Some(nps))
        }
        (_, Some(told)) => Ok(Some(told)),
        (AnswerType::Csat, None) => Ok(Some(by_definition(1.0, 5.0))),
        (AnswerType::Ces, None) => Ok(Some(by_definition(1.0, 7.0))),
        (_, None) => Ok(None),
    }
}

impl From<WireType> for AnswerType {
    fn from(kind: WireType) -> Self {
        match kind {
            WireType::Nps => AnswerType::Nps,
            WireType::Csat => AnswerType::Csat,
            WireType::Ces => AnswerType::Ces,
            WireType::Rating => AnswerType::Rating,
            WireType::SingleChoice => AnswerType::SingleChoice,
            WireType::MultiChoice => AnswerType::MultiChoice,
            WireType::Boolean => AnswerType::Boolean,
            WireType::Text => AnswerType::Text,
            WireType::Number => AnswerType::Number,
            WireType::Date => AnswerType::Date,
        }
    }
}
