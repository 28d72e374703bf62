-- Turns of conversations, of those that come whole and those that come message by message alike: every
-- measure of conversations is SQL over these views.

-- Made again with what the item tells of its conversation: columns of whole conversations (status, queue,
-- transfers, resolution, rating) are empty on messages.
CREATE OR REPLACE VIEW {database}.turns {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the conversation',
    kind LowCardinality(String) COMMENT 'conversation: the turn came with the whole; message: by itself',
    source LowCardinality(String) COMMENT 'System that holds the conversation',
    conversation_id String COMMENT 'Conversation that the turn belongs to',
    feedback_id String COMMENT 'Item that holds the turn',
    created_at DateTime64(3, 'UTC') COMMENT 'When the item was first seen at its source',
    channel LowCardinality(String) COMMENT 'Way it came in',
    customer_id String COMMENT 'Customer, empty for prospects',
    joined_customer_id String COMMENT 'Customer after identities and merges, empty if none is known',
    order_id String COMMENT 'Order that the item is about',
    ticket_id String COMMENT 'Support ticket of the item',
    language LowCardinality(String) COMMENT 'Language of the text of the item, base subtag',
    topic_ids Array(LowCardinality(String)) COMMENT 'Topics that the item mentions, each once',
    problems Array(LowCardinality(String)) COMMENT 'Those of the topics that it does not only praise',
    repeated_problem Bool COMMENT 'The text of the item says that it is not the first time',
    turn_id String COMMENT 'Identifier of the turn',
    seq UInt32 COMMENT 'Position in the conversation',
    role LowCardinality(String) COMMENT 'Who speaks: customer, agent, bot or system',
    participant String COMMENT 'Identifier of the speaker',
    sent_at DateTime64(3, 'UTC') COMMENT 'When it was sent',
    text String COMMENT 'Text without markup, clean and redacted',
    private Bool COMMENT 'Internal note: no part of what the customer said',
    sentiment LowCardinality(String) COMMENT 'Sentiment of a turn of the customer; unknown for others',
    sentiment_score Float32 COMMENT 'Sentiment score of the turn, -1 to 1',
    sentiment_confidence Float32 COMMENT 'Probability of the label, 0 to 1',
    status LowCardinality(String) COMMENT 'Of a whole conversation: open, pending, snoozed, resolved or closed',
    queued_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Of a whole conversation: when the customer entered the queue',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Of a whole conversation: when it ended, as told',
    transfers UInt32 COMMENT 'Of a whole conversation: hand-overs between agents or teams, as told',
    resolved Nullable(Bool) COMMENT 'Of a whole conversation: whether the source calls it resolved',
    rating Nullable(Float64) COMMENT 'Of a whole conversation: rating at its end',
    rating_worst Nullable(Float64) COMMENT 'Lowest value of the scale of the rating',
    rating_best Nullable(Float64) COMMENT 'Highest value of the scale of the rating'
)
AS SELECT
    tenant, kind, source, conversation_id, feedback_id, created_at, channel, customer_id,
    joined_customer_id, order_id, ticket_id, language,
    arrayDistinct(topics.id) AS topic_ids,
    arrayDistinct(arrayFilter((id, said) -> said != 'positive', topics.id, topics.sentiment)) AS problems,
    repeated_problem,
    turn_id, seq, role, participant, sent_at, turn_text AS text, private,
    turn_sentiment AS sentiment, turn_score AS sentiment_score, turn_confidence AS sentiment_confidence,
    status, queued_at, ended_at, transfers, resolved, rating, rating_worst, rating_best
FROM {database}.feedback_latest
ARRAY JOIN
    turns.id AS turn_id, turns.seq AS seq, turns.role AS role, turns.participant AS participant,
    turns.sent_at AS sent_at, turns.text AS turn_text, turns.private AS private,
    turns.sentiment AS turn_sentiment, turns.sentiment_score AS turn_score,
    turns.sentiment_confidence AS turn_confidence
COMMENT 'Turns of conversations, one row a turn, however they came';

-- What was said in public, with the tone of agents. Tone is found by words: letters are folded (lower
-- case, one alef, yeh, kaf and heh, no vowel marks, a space for ZWNJ and punctuation), \n stands for the
-- beginning of the text. A list that is too short misses some, so read these as "at least".
-- angry: a turn of the customer that is negative with a score of -0.5 or less.
CREATE VIEW IF NOT EXISTS {database}.public_turns {on_cluster}
(
    tenant LowCardinality(String) COMMENT 'Owner of the conversation',
    kind LowCardinality(String) COMMENT 'conversation: the turn came with the whole; message: by itself',
    source LowCardinality(String) COMMENT 'System that holds the conversation',
    conversation_id String COMMENT 'Conversation that the turn belongs to',
    feedback_id String COMMENT 'Item that holds the turn',
    created_at DateTime64(3, 'UTC') COMMENT 'When the item was first seen at its source',
    channel LowCardinality(String) COMMENT 'Way it came in',
    customer_id String COMMENT 'Customer as joined, else as told; empty if not known',
    order_id String COMMENT 'Order that the item is about',
    ticket_id String COMMENT 'Support ticket of the item',
    language LowCardinality(String) COMMENT 'Language of the text of the item, base subtag',
    topic_ids Array(LowCardinality(String)) COMMENT 'Topics that the item mentions, each once',
    problems Array(LowCardinality(String)) COMMENT 'Those of the topics that it does not only praise',
    repeated_problem Bool COMMENT 'The text of the item says that it is not the first time',
    turn_id String COMMENT 'Identifier of the turn',
    seq UInt32 COMMENT 'Position in the conversation',
    role LowCardinality(String) COMMENT 'Who speaks: customer, agent, bot or system',
    participant String COMMENT 'Identifier of the speaker',
    sent_at DateTime64(3, 'UTC') COMMENT 'When it was sent',
    text String COMMENT 'Text without markup, clean and redacted',
    sentiment LowCardinality(String) COMMENT 'Sentiment of a turn of the customer; unknown for others',
    sentiment_score Float32 COMMENT 'Sentiment score of the turn, -1 to 1',
    angry Bool COMMENT 'An angry turn of the customer',
    greeting Bool COMMENT 'An agent greets or offers help',
    apology Bool COMMENT 'An agent apologises',
    empathy Bool COMMENT 'An agent shows understanding for how the customer feels',
    closing Bool COMMENT 'An agent takes leave or asks for more to do',
    curt Bool COMMENT 'An agent brushes off or blames',
    status LowCardinality(String) COMMENT 'Of a whole conversation: open, pending, snoozed, resolved or closed',
    queued_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Of a whole conversation: when the customer entered the queue',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Of a whole conversation: when it ended, as told',
    transfers UInt32 COMMENT 'Of a whole conversation: hand-overs between agents or teams, as told',
    resolved Nullable(Bool) COMMENT 'Of a whole conversation: whether the source calls it resolved',
    rating Nullable(Float64) COMMENT 'Of a whole conversation: rating at its end',
    rating_worst Nullable(Float64) COMMENT 'Lowest value of the scale of the rating',
    rating_best Nullable(Float64) COMMENT 'Highest value of the scale of the rating'
)
AS WITH
    [
        '\nhi ', '\nhey ', 'hello', 'good morning', 'good afternoon',
        'good evening', 'welcome to', 'thank you for contacting', 'thanks for contacting',
        'thank you for reaching', 'thanks for reaching', 'how can i help', 'how may i help',
        'مرحبا', 'اهلا', 'سلام علیکم', 'السلام علیکم', 'صباح الخیر', 'مساء الخیر', 'حیاک الله',
        'کیف یمکننی مساعدت', 'کیف اقدر اساعد', 'کیف اقدر اخدم',
        '\nسلام ', '\nدرود ', 'وقت بخیر', 'وقتتون بخیر', 'روز بخیر', 'روزتان بخیر', 'صبح بخیر', 'عصر بخیر',
        'خوش امدید', 'خوشامدید', 'چطور میتوان', 'چطور می توان', 'چگونه میتوان', 'چگونه می توان',
        '您好', '你好', '欢迎', '早上好', '下午好', '晚上好', '很高兴为您服务', '可以帮您', '可以帮到您'
    ] AS greetings,
    [
        'sorry', 'apolog', 'my mistake', 'our mistake', 'our fault', 'my fault',
        'اعتذر', 'نعتذر', 'انا اسف', 'نحن اسف', 'اسفین', 'اسفون', '\nاسف ', 'المعذره', 'عذرا', 'نتاسف',
        'متاسف', 'ببخشید', 'عذرخواهی', 'عذر خواهی', 'عذر میخوا', 'عذر می خوا', 'معذرت', 'پوزش', 'شرمنده',
        '抱歉', '对不起', '不好意思', '致歉', '道歉', '歉意'
    ] AS apologies,
    [
        'i understand', 'can understand', 'completely understand', 'fully understand', 'understand your',
        'understand how', 'understand that this', 'must be frustrating', 'i can imagine',
        'i hear you', 'how frustrating', 'for your patience', 'thank you for bearing', 'in your place',
        'اتفهم', 'نتفهم', 'اقدر شعور', 'نقدر شعور', 'اشعر بک', 'حاسس فیک', 'شکرا لصبر', 'شکرا علی صبر', 'نقدر صبر',
        'نشکر صبر', 'معک حق', 'الحق معک',
        'درک میکن', 'درک می کن', 'درکتان', 'درکتون', 'حق دارید', 'حق با شما', 'حق میدم', 'حق میدهم', 'حق می دهم',
        'متوجه ناراحتی', 'ناراحتی شما', 'ناراحتیتان', 'ناراحتی تان', 'از صبر', 'از شکیبایی',
        '理解您', '理解你', '能理解', '完全理解', '感谢您的耐心', '感谢您的理解', '谢谢您的耐心', '体谅', '您的心情', '换作是我', '换成是我'
    ] AS understanding,
    [
        'anything else', 'have a nice', 'have a great', 'have a good', 'have a lovely', 'enjoy your day',
        'thank you for contacting', 'thanks for contacting', 'glad i could help', 'glad to help',
        'happy to help', 'goodbye', 'take care', 'best regards', 'kind regards',
        'هل هناک ای', 'ای شیء اخر', 'ای شی ثانی', 'ای خدمه اخری', 'ای استفسار اخر', 'یوم سعید', 'یومک سعید',
        'یوما سعیدا', 'نهارک سعید', 'مع السلامه', 'فی امان الله', 'شکرا لتواصل', 'سعدنا بخدمت', 'سعدت بخدمت',
        'کار دیگری', 'سوال دیگری', 'امر دیگری', 'مورد دیگری', 'روز خوبی', 'روز خوش', 'شب خوش', 'روزتون خوش',
        'خدانگهدار', 'خدا نگهدار', 'خداحافظ', 'از تماس شما', 'از تماستان', 'موفق باشید',
        '还有其他', '还有别的', '还有什么', '祝您', '祝你', '再见', '感谢您的来电', '感谢您的咨询', '感谢您的联系', '很高兴能帮'
    ] AS closings,
    [
        'as i said', 'as i already', 'already told you', 'just told you', 'like i said', 'how many times do i',
        'not my problem', 'not our problem', 'not my job', 'not my department',
        'nothing i can do', 'calm down', 'stop asking', 'figure it out',
        'قلت لک', 'سبق ان قلت', 'کما قلت', 'مو شغلی', 'مش شغلی', 'لیست مشکلتی', 'مو مشکلتی', 'مش مشکلتی',
        'هذه مشکلتک', 'هذی مشکلتک', 'ما بیدی شی', 'لیس بیدی شیء',
        'قبلا گفتم', 'گفتم که', 'همین که گفتم', 'چند بار بگم', 'چند بار بگویم', 'به من مربوط نیست',
        'به ما مربوط نیست', 'به من ربطی', 'به ما ربطی', 'مشکل خودتان', 'مشکل خودتون', 'مشکل شماست',
        'کاری از دستم بر', 'کاری از دست من بر', 'کاری از دست ما بر', 'ارام باشید',
        '我说过了', '都说过了', '已经告诉过', '不关我', '不归我', '不是我的问题', '不是我们的问题', '你自己看', '你自己想', '别再问', '请冷静', '你冷静', '那我没办法'
    ] AS curtness,
    translate(lowerUTF8(if(t.role = 'agent', t.text, '')), '.,:!?', '     ') AS lowered,
    -- Folding letters costs more than all else: only where there are some to fold.
    multiSearchAny(lowered, ['ا', 'ل', 'ن', 'م', 'ر', 'و']) AS is_arabic,
    translateUTF8(if(is_arabic, lowered, ''),
        'أإآٱيىكةۀ\xE2\x80\x8C،؛؟ًٌٍَُِّْـ', 'ااااییکهه    ') AS lettered,
    concat('\n', if(is_arabic, lettered, lowered), ' ') AS folded
SELECT
    t.tenant AS tenant, t.kind AS kind, t.source AS source, t.conversation_id AS conversation_id,
    t.feedback_id AS feedback_id, t.created_at AS created_at, t.channel AS channel,
    if(t.joined_customer_id != '', t.joined_customer_id, t.customer_id) AS customer_id,
    t.order_id AS order_id, t.ticket_id AS ticket_id, t.language AS language,
    t.topic_ids AS topic_ids, t.problems AS problems, t.repeated_problem AS repeated_problem,
    t.turn_id AS turn_id, t.seq AS seq, t.role AS role, t.participant AS participant, t.sent_at AS sent_at,
    t.text AS text, t.sentiment AS sentiment, t.sentiment_score AS sentiment_score,
    toBool(role = 'customer' AND sentiment = 'negative' AND sentiment_score <= -0.5) AS angry,
    toBool(multiSearchAny(folded, greetings)) AS greeting,
    toBool(multiSearchAny(folded, apologies)) AS apology,
    toBool(multiSearchAny(folded, understanding)) AS empathy,
    toBool(multiSearchAny(folded, closings)) AS closing,
    toBool(multiSearchAny(folded, curtness)) AS curt,
    t.status AS status, t.queued_at AS queued_at, t.ended_at AS ended_at, t.transfers AS transfers,
    t.resolved AS resolved, t.rating AS rating, t.rating_worst AS rating_worst, t.rating_best AS rating_best
FROM {database}.turns AS t
WHERE NOT t.private
COMMENT 'Turns of conversations without internal notes, with the tone of agents';
