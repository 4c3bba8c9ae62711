use super::*;

fn fact(id: &str, says: Says, unit: FactUnit, numbers: [f64; 3], n: u64) -> Fact {
    let [value, low, high] = numbers;
    Fact {
        id: id.to_owned(),
        about: "cycle time, AI-authored against none detected".to_owned(),
        team: None,
        says,
        unit,
        value,
        low: Some(low),
        high: Some(high),
        n,
    }
}

fn given() -> Vec<Fact> {
    let mut of_team = fact(
        "team",
        Says::Higher,
        FactUnit::Points,
        [4.25, 1.0, 7.5],
        300,
    );
    of_team.team = Some("team-7 more".to_owned());
    of_team.about = "merged share, AI-authored against none detected".to_owned();
    let mut adoption = fact(
        "adoption",
        Says::Level,
        FactUnit::Percent,
        [31.24, 30.1, 32.4],
        12_345,
    );
    adoption.about = "AI-authored share of pull requests, at least".to_owned();
    vec![
        fact(
            "cycle",
            Says::Lower,
            FactUnit::Ratio,
            [0.72, 0.6, 0.864],
            1_500,
        ),
        of_team,
        adoption,
        fact(
            "unsure",
            Says::NotEnoughData,
            FactUnit::Ratio,
            [1.1, 0.8, 1.5],
            90,
        ),
        fact(
            "same",
            Says::NoDifference,
            FactUnit::Ratio,
            [1.01, 0.97, 1.05],
            9_000,
        ),
    ]
}

fn said(id: &str, text: &str) -> Result<Narrative, NarrativeError> {
    let answer = serde_json::json!({"sentences": [{"fact": id, "text": text}]});
    read_narrative(&answer.to_string(), &given())
}

#[test]
fn honest_sentences_pass() {
    for (id, text) in [
        (
            "cycle",
            "AI-authored work goes along with a 28 % shorter cycle time (95 % interval 0.60 to 0.86).",
        ),
        (
            "cycle",
            "Over 1,500 pull requests, cycle time is lower by a ratio of x0.72 against none detected.",
        ),
        ("cycle", "Cycle times are 40 % to 14 % shorter, n 1500."),
        (
            "team",
            "In team-7 more the merged share is 4.3 points higher.",
        ),
        (
            "team",
            "The merged share is 4.2 points higher, between 1 and 7.5.",
        ),
        (
            "adoption",
            "AI took part in at least 31 % of 12,345 pull requests.",
        ),
        ("unsure", "There is not enough data on cycle time."),
        (
            "same",
            "There is no meaningful difference in cycle time (1.01).",
        ),
    ] {
        assert!(said(id, text).is_ok(), "{text}: {:?}", said(id, text));
    }
}

#[test]
fn lies_are_refused_with_their_reason() {
    use NarrativeError::{
        AtLeast, Cause, Direction, Negation, Number, Team, Undecided, UnknownFact,
    };
    for (id, text, expected) in [
        ("cycle", "Cycle time is 38 % shorter.", Number(1)),
        ("cycle", "Cycle time is 30 % shorter.", Number(1)),
        ("cycle", "Cycle time is half as long, and lower.", Number(1)),
        ("cycle", "Cycle time is two hours shorter.", Number(1)),
        (
            "cycle",
            "Cycle time is 0.72 times as long and shorter, saving 3d.",
            Number(1),
        ),
        ("cycle", "Cycle time is 28 % longer.", Direction(1)),
        ("cycle", "Cycle time is 0.72.", Direction(1)),
        (
            "cycle",
            "Cycle time is shorter, and more gets merged.",
            Direction(1),
        ),
        (
            "cycle",
            "Cycle time is shorter: a better team.",
            Direction(1),
        ),
        ("cycle", "Cycle time is not 28 % shorter.", Negation(1)),
        ("cycle", "Cycle time isn't shorter.", Negation(1)),
        ("cycle", "AI causes a 28 % shorter cycle time.", Cause(1)),
        ("cycle", "Cycle time is shorter because of AI.", Cause(1)),
        (
            "cycle",
            "In team-7 more the cycle time is 28 % shorter.",
            Team(1),
        ),
        (
            "team",
            "The merged share is 4.25 points lower.",
            Direction(1),
        ),
        (
            "adoption",
            "AI took part in 31 % of pull requests.",
            AtLeast(1),
        ),
        (
            "adoption",
            "AI took part in at least 31 %, up from before.",
            Direction(1),
        ),
        ("unsure", "Cycle time is 1.1.", Undecided(1)),
        (
            "unsure",
            "There is not enough data, but it is longer.",
            Direction(1),
        ),
        (
            "same",
            "There is no meaningful difference, but 12 % is what we see.",
            Number(1),
        ),
        ("other", "Something.", UnknownFact(1)),
    ] {
        assert_eq!(said(id, text), Err(expected), "{text}");
    }
}

#[test]
fn the_shape_is_strict() {
    let facts = given();
    for wrong in [
        "",
        "{}",
        r#"{"sentences": [{"fact": "cycle", "text": "x", "note": "y"}]}"#,
        r#"{"sentences": "cycle"}"#,
        r#"{"sentences": [], "more": 1}"#,
    ] {
        assert_eq!(
            read_narrative(wrong, &facts),
            Err(NarrativeError::Shape),
            "{wrong}"
        );
    }
    assert!(matches!(
        read_narrative(r#"{"sentences": []}"#, &facts),
        Err(NarrativeError::Size(_))
    ));
    assert!(matches!(
        said("cycle", &"lower ".repeat(100)),
        Err(NarrativeError::Size(_))
    ));
    assert!(matches!(
        said("cycle", "lower\u{1b}[31m"),
        Err(NarrativeError::Size(_))
    ));
    let schema: serde_json::Value = serde_json::from_str(NARRATIVE_SCHEMA).expect("JSON");
    assert_eq!(schema["additionalProperties"], false);
    assert!(NARRATIVE_PROMPT.starts_with(NARRATIVE_MARK));
}

#[test]
fn the_narrative_by_rule_is_honest() {
    let mut facts = given();
    // A small number has more decimals than are written.
    facts.insert(
        0,
        fact(
            "small",
            Says::Lower,
            FactUnit::Points,
            [-0.012_34, -0.9, -0.000_1],
            44,
        ),
    );
    let narrative = plain_narrative(&facts);
    let json = serde_json::to_string(&narrative).expect("serialises");
    assert_eq!(read_narrative(&json, &facts), Ok(narrative));
}
