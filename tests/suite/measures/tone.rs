//! Tone of agents in four languages, and canned replies.

use super::tables;
use super::talk::{Talk, agent, customer};

/// Texts of agents and what is in them: g(reeting), a(pology), e(mpathy), c(losing), r (curt).
const TEXTS: [(&str, &str); 31] = [
    ("Hi Sam, thank you for contacting us.", "gc"),
    ("Hey there", "g"),
    ("This is your invoice.", ""),
    ("I'm sorry, that was our mistake.", "a"),
    ("I completely understand how annoying this is.", "e"),
    ("Is there anything else? Have a nice day", "c"),
    ("As I said, there is nothing I can do.", "r"),
    ("Please calm down", "r"),
    ("The delay is 3 days.", ""),
    ("السلام عليكم، كيف يمكنني مساعدتك؟", "g"),
    ("أهلاً بك", "g"),
    ("نعتذر عن التأخير", "a"),
    ("أنا آسفة جداً", "a"),
    ("أتفهم انزعاجك تماماً", "e"),
    ("هل هناك أي شيء آخر؟ مع السلامة", "c"),
    ("هذه مشكلتك", "r"),
    ("سنحل مشكلتك اليوم", ""),
    ("سلام، وقت بخیر", "g"),
    ("سلامت باشید", ""),
    ("متأسفم، ببخشید", "a"),
    ("درک می‌کنم، حق با شماست", "e"),
    ("كار ديگري هست؟ روز خوش", "c"),
    ("قبلاً گفتم، به ما مربوط نیست", "r"),
    ("سفارش شما ارسال شد", ""),
    ("您好，请问有什么可以帮您？", "g"),
    ("非常抱歉给您带来不便", "a"),
    ("我能理解您的心情", "e"),
    ("还有其他问题吗？祝您生活愉快", "c"),
    ("我说过了，不归我管", "r"),
    ("您的订单已发货", ""),
    ("", ""),
];

#[tokio::test]
async fn tone_is_found_in_four_languages() {
    let tables = tables().await;
    for (n, (text, _)) in TEXTS.into_iter().enumerate() {
        let id = format!("{n:02}");
        let talk = Talk {
            tenant: "tone",
            id: &id,
            day: 6,
            // The customer's words have no tone.
            turns: &[
                customer(0, "Hello, sorry, calm down", 0.0),
                agent(9, "a", text),
            ],
            more: ("", ""),
        };
        talk.whole(&tables).await;
    }
    let sql = "SELECT concat(if(greeting, 'g', ''), if(apology, 'a', ''), if(empathy, 'e', ''), \
               if(closing, 'c', ''), if(curt, 'r', '')) AS tone \
               FROM public_turns WHERE tenant = 'tone' AND role = 'agent' ORDER BY conversation_id";
    let found = tables.rows(sql).await;
    assert_eq!(found.len(), TEXTS.len());
    for ((text, expected), found) in TEXTS.iter().zip(&found) {
        assert_eq!(found, expected, "{text}");
    }
    let sql = "SELECT count() FROM public_turns WHERE tenant = 'tone' AND role = 'customer' \
               AND (greeting OR apology OR empathy OR closing OR curt)";
    assert_eq!(tables.rows(sql).await, ["0"]);
}

#[tokio::test]
async fn the_first_text_greets_the_last_takes_leave_and_short_ones_alone_are_curt() {
    let tables = tables().await;
    let greeted = [
        agent(0, "a", ""),
        agent(10, "a", "Hello Jo, this is Anna."),
        agent(20, "a", "Have a nice day"),
    ];
    let turned = [
        agent(0, "a", "Have a nice day"),
        agent(10, "a", "Hello Jo, this is Anna."),
    ];
    let short = [agent(0, "a", "No."), agent(10, "a", "Not possible.")];
    for (id, turns) in [
        ("greeted", &greeted[..]),
        ("turned", &turned[..]),
        ("short", &short[..]),
    ] {
        let talk = Talk {
            tenant: "order of tone",
            id,
            day: 6,
            turns,
            more: ("", ""),
        };
        talk.whole(&tables).await;
    }
    let sql = "SELECT conversation_id, agent_texts, agent_greeting, agent_closing, agent_curt \
               FROM conversations WHERE tenant = 'order of tone' ORDER BY conversation_id";
    assert_eq!(
        tables.rows(sql).await,
        [
            "greeted 2 true true false",
            "short 2 false false true",
            "turned 2 false false false"
        ]
    );
}

#[tokio::test]
async fn a_reply_that_stands_in_three_conversations_is_canned() {
    let tables = tables().await;
    let canned = "We have passed it on to our team.";
    for (tenant, id, text) in [
        ("canned", "1", canned),
        ("canned", "2", "WE HAVE passed it on to our team."),
        ("canned", "3", canned),
        // In another tenant it stands once.
        ("not canned", "1", canned),
    ] {
        let turns = [
            agent(0, "a", text),
            agent(10, "a", "Of course."),
            agent(20, "b", "I looked it up: it left our store today."),
            agent(30, "b", "Twice in one conversation."),
            agent(40, "b", "Twice in one conversation."),
        ];
        let turns = if id == "1" { &turns[..] } else { &turns[..2] };
        let talk = Talk {
            tenant,
            id,
            day: 6,
            turns,
            more: ("", ""),
        };
        talk.whole(&tables).await;
    }
    let sql = "SELECT tenant, conversation_id, agent_texts, canned_share FROM conversations \
               WHERE tenant IN ('canned', 'not canned') ORDER BY tenant, conversation_id";
    assert_eq!(
        tables.rows(sql).await,
        [
            "canned 1 5 0.2",
            "canned 2 2 0.5",
            "canned 3 2 0.5",
            "not canned 1 5 0"
        ]
    );
}
