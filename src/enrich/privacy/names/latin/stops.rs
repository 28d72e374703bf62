//! Words in Latin letters that are no name, in match form.

use std::collections::HashSet;
use std::sync::LazyLock;

/// [`STOPS`], to look up: they are asked for at every cue.
pub(super) static STOP_WORDS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| STOPS.iter().copied().collect());

/// Words that are no name and begin none.
#[rustfmt::skip]
const STOPS: &[&str] = &[
    "a", "about", "above", "account", "actually", "after", "again", "agent", "all", "alright", "already", "also",
    "always", "am", "an", "and", "angry", "another", "any", "anyone", "app", "april", "are", "as", "at", "august",
    "awful", "back", "bad", "because", "being", "best", "better", "both", "but", "by", "calling", "can", "christmas",
    "clearly", "client", "company", "correct", "could", "customer", "customers", "day", "dear", "december",
    "department", "different", "disappointed", "do", "does", "done", "dont", "each", "easy", "email", "english",
    "ever", "every", "everybody", "everyone", "everything", "excellent", "extremely", "february", "feedback",
    "fine", "first", "folks", "for", "friday", "friend", "friends", "from", "frustrated", "full", "fully", "funny",
    "getting", "right", "given", "going", "good", "got", "great", "guys", "had", "happy", "has", "have", "he", "hello",
    "help", "her", "here", "hi", "his", "how", "i", "if", "im", "in", "incorrect", "insane", "is", "it", "its",
    "january", "july", "june", "just", "kind", "kindly", "ladies", "last", "late", "listed", "literally", "ltd",
    "lovely", "madam", "maam", "management", "manager", "march", "me", "member", "merry", "missing",
    "misspelled", "misspelt", "monday", "more", "most", "mr", "mrs", "ms", "much", "my", "never", "new", "next",
    "nice", "no", "nobody", "not", "nothing", "november", "now", "october", "of", "off", "office", "ok", "okay",
    "on", "once", "one", "only", "or", "order", "orders", "our", "out", "over", "people", "perfect", "please",
    "pleased", "printed", "really", "regards", "respect", "sad", "sales", "saturday", "seller", "sent",
    "september", "service", "services", "she", "shop", "should", "shown", "shipping", "simply", "since", "sir",
    "sirs", "so", "some", "somebody", "someone", "something", "sorry", "spelled", "spelt", "staff", "still",
    "store", "such", "sunday", "super", "support", "sure", "team", "terrible", "thank", "thanks", "that", "the",
    "their", "them", "then", "there", "they", "this", "thursday", "to", "today", "tomorrow", "too", "true",
    "trying", "tuesday", "unknown", "until", "up", "upset", "us", "usually", "valued", "very", "was", "waiting",
    "warm", "we", "wednesday", "welcome", "well", "what", "when", "where", "which", "who", "whom", "why",
    "wishes", "with", "without", "worst", "would", "writing", "written", "wrong", "required", "optional", "empty", "invalid", "asap", "immediately", "anytime", "whenever", "later", "maybe", "yes", "yesterday",
    "yet", "you", "your", "yours", "pepper", "dre", "martens", "coffee", "muscle", "beast", "dior", "universe", "world",
    "n", "na", "none", "null", "field", "tag", "list", "id", "number", "brand", "product", "change", "changed",
];
