//! What customers say: the domain types every other module speaks.
//!
//! No IO, no serde: wire shapes live in `decode`, table shapes in `warehouse`.
//! A `Feedback` is one version of one item. Items change (a survey's comment arrives after its
//! score), so everything downstream is a versioned upsert; the same item has the same tenant, kind,
//! source and id.

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;

/// One version of one piece of feedback, decoded and checked, not yet enriched.
#[derive(Debug, Clone, PartialEq)]
pub struct Feedback {
    /// Owner of the item; `"default"` where the event names none.
    pub tenant: String,
    /// Where the item lives: a review's platform, the system that holds the chat or survey.
    pub source: String,
    /// Identifier of the item at its source.
    pub id: String,
    /// Source's `updated_at` in ms, else the Kafka timestamp. Fits 44 bits. The newest wins.
    pub version: u64,
    /// The source says that the item is gone: stored without text, hidden by every view.
    pub deleted: bool,
    /// When the item was first seen at its source: the same in every version.
    pub created_at: Millis,
    /// Way the feedback came in (`app`, `web`, `email`, `chat`, …), empty if not told.
    pub channel: String,
    /// Who said it.
    pub customer: Customer,
    /// Circumstances that the source told.
    pub context: Context,
    /// What the feedback is about in the operational systems.
    pub references: References,
    /// Source's own labels, passed through to the row.
    pub extra: Vec<(String, String)>,
    /// What was said.
    pub body: Body,
    /// Fields of the event that no schema knows: ignored and counted.
    pub unknown_fields: u32,
    /// A text was longer than the limit and was cut.
    pub truncated: bool,
}

/// What kind of item a `Feedback` is; a column of the fact table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A rating, a text, or both, on something reviewable.
    Review,
    /// A whole conversation with its turns.
    Conversation,
    /// One message of a conversation that is sent message by message.
    Message,
    /// Answers of one respondent to one survey.
    Survey,
}

impl Kind {
    /// All kinds, in the order of tables and reports.
    pub const ALL: [Kind; 4] = [
        Kind::Review,
        Kind::Conversation,
        Kind::Message,
        Kind::Survey,
    ];

    /// Name in the `kind` column and in arguments.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Review => "review",
            Kind::Conversation => "conversation",
            Kind::Message => "message",
            Kind::Survey => "survey",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Feedback {
    /// Kind of the item.
    pub fn kind(&self) -> Kind {
        match self.body {
            Body::Review(_) => Kind::Review,
            Body::Conversation(_) => Kind::Conversation,
            Body::Message(_) => Kind::Message,
            Body::Survey(_) => Kind::Survey,
        }
    }
}

/// Who said it. Prospects count: every field may be empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Customer {
    /// Identifier in the customer system; empty for prospects.
    pub id: String,
    /// Further identifiers, for linking later: (type, value).
    pub identities: Vec<(String, String)>,
    /// Consent to analytics, where the source told it.
    pub consent_analytics: Option<bool>,
}

/// Circumstances told by the source.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Context {
    /// Point of contact (`app`, `checkout`, `support_chat`, …) as the source tells it.
    pub touchpoint: String,
    /// Where the customer stands (`attention`, `interest`, `contact`, …) as the source tells it.
    pub journey_stage: String,
    /// `pre_purchase`, `purchase` or `post_purchase` as the source tells it.
    pub purchase_phase: String,
    /// ISO 3166 alpha-2, upper case.
    pub country: String,
    /// BCP-47 locale of the device or account.
    pub locale: String,
    /// Language tag that the source claims for the text.
    pub lang_hint: String,
    /// Version of the customer's app.
    pub app_version: String,
    /// Page or screen.
    pub url: String,
    /// Experiment: (id, variant).
    pub experiment: Option<(String, String)>,
}

/// Keys into the operational systems; empty where not told.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct References {
    /// Order that the feedback is about.
    pub order_id: String,
    /// Support ticket.
    pub ticket_id: String,
    /// Visit to site or app.
    pub session_id: String,
    /// Conversation that a message or survey belongs to.
    pub conversation_id: String,
    /// What triggered a survey: (type, id).
    pub trigger: Option<(String, String)>,
}

/// What was said, by kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// See [`Review`].
    Review(Review),
    /// See [`Conversation`].
    Conversation(Conversation),
    /// One turn of the conversation named in the references.
    Message(Turn),
    /// See [`Survey`].
    Survey(Survey),
}

/// A value on a scale: worst ≤ value ≤ best, checked at decoding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    /// The rating given.
    pub value: f64,
    /// Lowest value of the scale.
    pub worst: f64,
    /// Highest value of the scale.
    pub best: f64,
}

/// A review of a product, place, app, service or brand.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Review {
    /// What is reviewed.
    pub item: Item,
    /// Overall rating.
    pub rating: Option<Rating>,
    /// Ratings of single aspects.
    pub aspect_ratings: Vec<(String, Rating)>,
    /// Headline; may be empty.
    pub title: String,
    /// Text; empty only if there is a rating.
    pub body: String,
    /// Author as the platform names them.
    pub author: String,
    /// The platform verified that the author bought the item.
    pub verified_purchase: Option<bool>,
    /// How many readers found it helpful.
    pub helpful_count: u32,
    /// Public answer of the company: (text, time).
    pub reply: Option<(String, Millis)>,
}

/// What a review is about.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Item {
    /// `product`, `place`, `app`, `service` or `brand`; empty if not told.
    pub kind: String,
    /// Identifier at the source.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Stock keeping unit.
    pub sku: String,
}

/// A conversation between a customer and the company.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conversation {
    /// `open`, `pending`, `snoozed`, `resolved`, `closed`; empty if not told.
    pub status: String,
    /// When the customer entered the queue.
    pub queued_at: Option<Millis>,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// Turns in the order of `seq`.
    pub turns: Vec<Turn>,
    /// Hand-overs between agents or teams.
    pub transfers: u32,
    /// Whether the source calls it resolved.
    pub resolved: Option<bool>,
    /// Rating at the end.
    pub rating: Option<Rating>,
    /// Comment given with the rating; may be empty.
    pub rating_comment: String,
    /// Labels set at the source.
    pub tags: Vec<String>,
}

/// Who speaks in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// The customer: the only role that counts for sentiment.
    #[default]
    Customer,
    /// A human agent.
    Agent,
    /// A bot.
    Bot,
    /// The system itself.
    System,
}

impl Role {
    /// Name in the `turns.role` column.
    pub fn name(self) -> &'static str {
        match self {
            Role::Customer => "customer",
            Role::Agent => "agent",
            Role::Bot => "bot",
            Role::System => "system",
        }
    }
}

/// One utterance of a conversation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Turn {
    /// Identifier of the turn.
    pub id: String,
    /// Position in the conversation.
    pub seq: u32,
    /// Who speaks.
    pub role: Role,
    /// Participant's id; for agents the agent's id where told.
    pub participant: String,
    /// When it was sent.
    pub sent_at: Millis,
    /// Text without markup; empty for events, images and calls without transcript.
    pub body: String,
    /// Internal note: never part of the customer's sentiment.
    pub private: bool,
}

/// Answers of one respondent to one survey.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Survey {
    /// Identifier of the survey.
    pub survey_id: String,
    /// Name for people.
    pub name: String,
    /// `transactional`, `relational` or `employee`; empty if not told.
    pub kind: String,
    /// The respondent finished it.
    pub complete: bool,
    /// When it was sent in.
    pub submitted_at: Millis,
    /// One entry an answer.
    pub answers: Vec<Answer>,
}

/// Measure that a question belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerType {
    /// Likelihood to recommend, an integer from 0 to 10.
    Nps,
    /// Satisfaction, 1 to 5 unless the scale says otherwise.
    Csat,
    /// Customer effort, 1 to 7, higher is easier unless the scale says otherwise.
    Ces,
    /// Any other number on a scale.
    Rating,
    /// One of several choices.
    SingleChoice,
    /// Several of several choices.
    MultiChoice,
    /// Yes or no.
    Boolean,
    /// Free text.
    Text,
    /// A number without a scale.
    Number,
    /// A date as text.
    Date,
}

impl AnswerType {
    /// Name in the `answers.type` column and in events.
    pub fn name(self) -> &'static str {
        match self {
            AnswerType::Nps => "nps",
            AnswerType::Csat => "csat",
            AnswerType::Ces => "ces",
            AnswerType::Rating => "rating",
            AnswerType::SingleChoice => "single_choice",
            AnswerType::MultiChoice => "multi_choice",
            AnswerType::Boolean => "boolean",
            AnswerType::Text => "text",
            AnswerType::Number => "number",
            AnswerType::Date => "date",
        }
    }
}

/// Scale of a numeric answer: data, never assumed. Two sources even use CES in opposite directions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Lowest value.
    pub min: f64,
    /// Highest value.
    pub max: f64,
    /// Whether a higher value is better.
    pub higher_better: bool,
}

/// One answer of a survey.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Identifier of the question.
    pub question_id: String,
    /// The question as it was put.
    pub question: String,
    /// Measure that the question belongs to.
    pub kind: AnswerType,
    /// Numeric answer, inside `scale` (checked at decoding).
    pub number: Option<f64>,
    /// Text answer, or the date; may be empty.
    pub text: String,
    /// Answer to a yes-or-no question.
    pub boolean: Option<bool>,
    /// Choices taken.
    pub choices: Vec<String>,
    /// Scale of `number`.
    pub scale: Option<Scale>,
}
