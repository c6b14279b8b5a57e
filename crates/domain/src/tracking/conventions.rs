//! What other libraries call the things that MLflow's clients look for: OpenInference, OpenTelemetry's own words for
//! generative models, Traceloop. Attributes that are there under the one name are added under the other.

use serde_json::{Map, Value, json};

use super::json_text::spaced;
use super::span::{INPUTS, MODEL, OUTPUTS, PROVIDER, Span, TYPE, USAGE};
use super::usage::TOKENS;

/// The words of one library family.
struct Convention {
    kind: &'static str,
    kinds: &'static [(&'static str, &'static str)],
    /// Input, output, total, read from a cache, written to one.
    tokens: [&'static [&'static str]; 5],
    inputs: &'static [&'static str],
    outputs: &'static [&'static str],
    models: &'static [&'static str],
    provider: &'static str,
}

const CONVENTIONS: [Convention; 3] = [
    // https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
    Convention {
        kind: "openinference.span.kind",
        kinds: &[
            ("TOOL", "TOOL"),
            ("CHAIN", "CHAIN"),
            ("LLM", "LLM"),
            ("RETRIEVER", "RETRIEVER"),
            ("EMBEDDING", "EMBEDDING"),
            ("AGENT", "AGENT"),
            ("RERANKER", "RERANKER"),
            ("UNKNOWN", "UNKNOWN"),
            ("GUARDRAIL", "GUARDRAIL"),
            ("EVALUATOR", "EVALUATOR"),
        ],
        tokens: [
            &["llm.token_count.prompt"],
            &["llm.token_count.completion"],
            &["llm.token_count.total"],
            &["llm.token_count.prompt_details.cache_read"],
            &["llm.token_count.prompt_details.cache_write"],
        ],
        inputs: &["input.value"],
        outputs: &["output.value"],
        models: &[
            "llm.response.model_name",
            "llm.model_name",
            "llm.request.model_name",
            "embedding.model_name",
        ],
        provider: "llm.provider",
    },
    // https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/
    Convention {
        kind: "gen_ai.operation.name",
        kinds: &[
            ("chat", "CHAT_MODEL"),
            ("create_agent", "AGENT"),
            ("embeddings", "EMBEDDING"),
            ("execute_tool", "TOOL"),
            ("generate_content", "LLM"),
            ("invoke_agent", "AGENT"),
            ("text_completion", "LLM"),
            ("response", "LLM"),
        ],
        tokens: [
            &["gen_ai.usage.input_tokens"],
            &["gen_ai.usage.output_tokens"],
            &[],
            &["gen_ai.usage.cache_read.input_tokens"],
            &["gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens"],
        ],
        inputs: &["gen_ai.input.messages", "gen_ai.tool.call.arguments"],
        outputs: &["gen_ai.output.messages", "gen_ai.tool.call.result"],
        models: &["gen_ai.response.model", "gen_ai.request.model"],
        provider: "gen_ai.provider.name",
    },
    // https://github.com/traceloop/openllmetry
    Convention {
        kind: "traceloop.span.kind",
        kinds: &[
            ("workflow", "WORKFLOW"),
            ("task", "TASK"),
            ("agent", "AGENT"),
            ("tool", "TOOL"),
            ("unknown", "UNKNOWN"),
        ],
        tokens: [
            &["gen_ai.usage.prompt_tokens"],
            &["gen_ai.usage.completion_tokens"],
            &["llm.usage.total_tokens"],
            &[],
            &[],
        ],
        inputs: &["traceloop.entity.input", "gen_ai.prompt.0.content"],
        outputs: &["traceloop.entity.output", "gen_ai.completion.0.content"],
        models: &[],
        provider: "gen_ai.system",
    },
];

/// Adds what the span says in other words.
pub fn translate(span: &mut Span) {
    if span.kind().is_none_or(|kind| kind == "UNKNOWN")
        && let Some(kind) = kind(span)
    {
        span.attributes.set(TYPE, &Value::from(kind));
    }
    for (key, text) in [
        (INPUTS, inputs(span)),
        (OUTPUTS, outputs(span)),
        (USAGE, usage(span)),
        (MODEL, first_text(span, |words| words.models)),
    ] {
        if let Some(text) = text.filter(|_| !span.attributes.has(key)) {
            span.attributes.set_text(key, text);
        }
    }
    if !span.attributes.has(MODEL)
        && let Some(model) = named_model(span)
    {
        span.attributes.set(MODEL, &model);
    }
    let provider = CONVENTIONS.iter().find_map(|words| telling(span, words.provider));
    if let Some(text) = provider.filter(|_| !span.attributes.has(PROVIDER)) {
        span.attributes.set_text(PROVIDER, text);
    }
}

fn kind(span: &Span) -> Option<&'static str> {
    CONVENTIONS.iter().find_map(|words| {
        let given = span.word(words.kind)?;
        words.kinds.iter().find(|(word, _)| *word == given).map(|(_, kind)| *kind)
    })
}

/// The JSON text of an attribute that holds something.
fn telling(span: &Span, key: &str) -> Option<String> {
    let text = span.attributes.text(key)?;
    (!matches!(text, "null" | "\"\"" | "{}" | "[]" | "0" | "false")).then(|| text.to_owned())
}

fn first_text(span: &Span, keys: fn(&Convention) -> &'static [&'static str]) -> Option<String> {
    CONVENTIONS.iter().flat_map(keys).find_map(|key| telling(span, key))
}

fn inputs(span: &Span) -> Option<String> {
    const ROLES: [(&str, &str); 3] = [
        ("gen_ai.system.message", "system"),
        ("gen_ai.user.message", "user"),
        ("gen_ai.assistant.message", "assistant"),
    ];
    first_text(span, |words| words.inputs).or_else(|| {
        spoken(span, |event| {
            ROLES.iter().find(|(name, _)| *name == event).map(|(_, role)| (*role).to_owned())
        })
    })
}

fn outputs(span: &Span) -> Option<String> {
    first_text(span, |words| words.outputs)
        .or_else(|| spoken(span, |event| (event == "gen_ai.choice").then(|| "assistant".to_owned())))
}

/// Messages that were written down as events.
fn spoken(span: &Span, role: impl Fn(&str) -> Option<String>) -> Option<String> {
    let messages: Vec<Value> = span
        .events
        .iter()
        .filter_map(|event| {
            let content = event.attributes.get("content")?;
            let said = event.attributes.get("role").and_then(Value::as_str);
            let role = role(&event.name)?;
            Some(json!({"role": said.unwrap_or(&role), "content": content}))
        })
        .collect();
    (!messages.is_empty()).then(|| spaced(&Value::Array(messages)))
}

fn usage(span: &Span) -> Option<String> {
    CONVENTIONS.iter().find_map(|words| {
        let mut counts = words.tokens.map(|keys| keys.iter().find_map(|key| count(span, key)));
        if let [Some(input), Some(output), total @ None, ..] = &mut counts {
            *total = Some(input.saturating_add(*output));
        }
        counts[..3].iter().any(Option::is_some).then(|| {
            let known = TOKENS.iter().zip(counts);
            let known = known.filter_map(|(key, count)| Some(((*key).to_owned(), Value::from(count?))));
            spaced(&Value::Object(known.collect::<Map<_, _>>()))
        })
    })
}

fn count(span: &Span, key: &str) -> Option<i64> {
    match span.attributes.get(key)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// The model that inputs or outputs name.
fn named_model(span: &Span) -> Option<Value> {
    [INPUTS, OUTPUTS].into_iter().find_map(|key| {
        let model = span.attributes.get(key)?.get("model")?.clone();
        model.as_str().is_some_and(|name| !name.is_empty()).then_some(model)
    })
}

#[cfg(test)]
mod tests {
    use super::super::span::{SpanEvent, example};
    use super::*;

    #[test]
    fn each_family_of_words_is_understood() {
        let families = [
            (
                json!({"openinference.span.kind": "LLM", "llm.token_count.prompt": 3, "llm.token_count.completion": 4,
                    "input.value": "{\"q\": 1}", "output.value": "yes", "llm.model_name": "m", "llm.provider": "p"}),
                ("LLM", "{\"q\": 1}", "\"yes\""),
            ),
            (
                json!({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": "3", "gen_ai.usage.output_tokens": 4,
                    "gen_ai.input.messages": "[{\"role\":\"user\"}]", "gen_ai.output.messages": "x",
                    "gen_ai.request.model": "m", "gen_ai.provider.name": "p"}),
                ("CHAT_MODEL", "[{\"role\":\"user\"}]", "\"x\""),
            ),
            (
                json!({"traceloop.span.kind": "tool", "gen_ai.usage.prompt_tokens": 3, "gen_ai.usage.completion_tokens": 4,
                    "traceloop.entity.input": "a", "traceloop.entity.output": "{\"model\": \"m\"}", "gen_ai.system": "p"}),
                ("TOOL", "\"a\"", "{\"model\": \"m\"}"),
            ),
        ];
        for (given, (kind, inputs, outputs)) in families {
            let mut span = example(1, None);
            for (key, value) in given.as_object().unwrap() {
                span.attributes.set(key, value);
            }
            translate(&mut span);
            assert_eq!(span.kind().as_deref(), Some(kind));
            assert_eq!(span.attributes.text(INPUTS), Some(inputs));
            assert_eq!(span.attributes.text(OUTPUTS), Some(outputs));
            assert_eq!(span.usage().unwrap().0[..3], [Some(3), Some(4), Some(7)]);
            assert_eq!((span.model().as_deref(), span.provider().as_deref()), (Some("m"), Some("p")));
        }
    }

    #[test]
    fn what_mlflow_says_itself_stays() {
        let mut span = example(1, None);
        span.attributes.set(TYPE, &json!("AGENT"));
        span.attributes.set(INPUTS, &json!({"a": 1}));
        span.attributes.set("input.value", &json!("b"));
        span.attributes.set("openinference.span.kind", &json!("LLM"));
        translate(&mut span);
        assert_eq!(span.kind().as_deref(), Some("AGENT"));
        assert_eq!(span.attributes.text(INPUTS), Some("{\"a\": 1}"));
    }

    #[test]
    fn messages_may_be_events() {
        let mut span = example(1, None);
        let content = |text: &str| json!({"content": text}).as_object().cloned().unwrap();
        for (name, text) in [("gen_ai.user.message", "hi"), ("gen_ai.choice", "yes")] {
            span.events.push(SpanEvent { name: name.to_owned(), time_ns: 1, attributes: content(text) });
        }
        translate(&mut span);
        assert_eq!(span.attributes.text(INPUTS), Some(r#"[{"role": "user", "content": "hi"}]"#));
        assert_eq!(span.attributes.text(OUTPUTS), Some(r#"[{"role": "assistant", "content": "yes"}]"#));
    }
}
