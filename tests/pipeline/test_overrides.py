import pytest

from pipeline.overrides import RunConfigError, load_config


def load(*settings, file=None, **fields):
    return load_config(file, settings, **{"data": "somewhere", **fields})


def test_settings_override_the_file_and_fields_override_both(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("seed: 1\nout: from-file\nsplit: {train: 5, eval: 2}\n")
    config = load("split.eval=3", file=str(file), out="from-option")
    assert (config.seed, config.out) == (1, "from-option")
    assert (config.split.train, config.split.eval, config.split.test) == (5, 3, 10)


def test_every_level_can_be_set():
    config = load("models.als.factors=16", "gate.alpha=0.01", "baselines=[popularity, als]")
    assert config.family_params("als")["factors"] == 16
    assert config.gate.alpha == 0.01
    assert config.families == ("two_tower", "popularity", "als")


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("sede=1", ["sede", "Did you mean seed?"]),
        ("split.trian=1", ["split.trian", "Did you mean train?"]),
        ("seed=-1", ["seed", "greater than or equal to 0", "-1"]),
        ("seed=soon", ["seed", "integer", "soon"]),
        ("validation.fail_on=sometimes", ["validation.fail_on", "error", "warning", "never"]),
        ("candidate=magic", ["magic", "two_tower", "als", "popularity"]),
        ("baselines=[two_tower]", ["baselines", "two_tower"]),
        ("models.als.factors=-2", ["models.als.factors", "-2"]),
        ("models.als.faktors=2", ["models.als.faktors", "factors"]),
        ("models.magic={}", ["magic", "popularity"]),
        ("gate.better_than=[magic]", ["gate.better_than", "magic", "als, explore_heavy, "]),
        ("gate.better_than=[two_tower]", ["gate.better_than", "than itself"]),
        ("gate.better_than=[als, als]", ["gate.better_than", "twice"]),
        ("tuner.trials=0", ["tuner.trials", "greater than or equal to 1"]),
        ("tuner.algorithm=hyperband", ["tuner.algorithm", "random", "bayesian"]),
        ("tuner.families=[magic]", ["tuner.families", "magic", "two_tower", "popularity"]),
        ("tuner.families=[als, als]", ["tuner.families", "twice"]),
        ("tuner.families=[popularity]", ["nothing of 'popularity'", "other tuner.families"]),
        ("tuner.fixed=[faktors]", ["tuner.fixed", "faktors", "factors", "start.alpha"]),
        ("tuner.holdout_share=0.9", ["tuner.holdout_share", "0.5"]),
        ("gate.seed=3", ["gate.seed is gone", "`seed`"]),
        ("seed", ["KEY=VALUE"]),
        ("seed.below=1", ["seed"]),
        ("seed=true", ["seed", "takes a number, not true"]),
        ("seed=017", ["seed", "without leading zeros", "'017'"]),
        ("seed=0x11", ["seed", "0x11"]),
        ("seed=1:30", ["seed", "1:30"]),
        ("split.eval=true", ["split.eval", "takes a number"]),
        ("models.als.factors=010", ["models.als.factors", "'010'"]),
        ("models.als.factors=true", ["models.als.factors", "takes a number"]),
        ("models.als.alpha=.inf", ["models.als.alpha", "inf"]),
        ("models.als.alpha=inf", ["models.als.alpha", "'inf'"]),
        ("gate.floors={ndcg: .nan}", ["gate.floors", "nan"]),
        ("evaluator.min_value=.nan", ["evaluator.min_value", "nan"]),
        (
            "gate={alpha: 0.1, alpha: 0.2}",
            ["--set gate", "'alpha' stands twice", "columns 2 and 14"],
        ),
        ("seed={", ["seed", "YAML"]),
        ('seed=!!int "017"', ["--set seed", "not a valid YAML value"]),
        ('models.als.alpha=!!float "1:30"', ["--set models.als.alpha", "not a valid YAML value"]),
        ("tuner.enabled=!!bool no", ["--set tuner.enabled", "not a valid YAML value"]),
        ("max_reject_share=1", ["max_reject_share", "Did you mean ingest.max_reject_share?"]),
        ("resamples=1", ["Did you mean gate.resamples?"]),
        (
            "beam.pipeline_args=[--direct_num_workers=x]",
            ["beam.pipeline_args", "--direct_num_workers", "invalid int value: 'x'"],
        ),
        ("out=~nobody-here/x", ["out", "begins with ~nobody-here", "./~nobody-here/x"]),
        ("release_record=$NOT_SET_HERE/x", ["release_record", "begins with $NOT_SET_HERE"]),
    ],
)
def test_an_error_names_the_key_and_what_is_accepted(setting, says):
    with pytest.raises(RunConfigError) as error:
        load(setting)
    for part in says:
        assert part in str(error.value)


def test_popularity_is_trained_for_the_gate_whatever_the_baselines():
    for baselines in ("[als]", "[]"):
        config = load(f"baselines={baselines}")
        assert config.gate.better_than == ("popularity",)
        assert config.families[0] == "two_tower"
        assert config.families[-1] == "popularity"
    assert load("baselines=[als]").families == ("two_tower", "als", "popularity")
    assert load("baselines=[als]").compared == ("als", "popularity")
    assert load("baselines=[popularity, als]").compared == ("popularity", "als")


def test_better_than_trains_what_it_names():
    config = load("baselines=[]", "gate.better_than=[item_knn]", "tuner.families=[item_knn]")
    assert config.families == ("two_tower", "item_knn")


def test_nothing_to_be_better_than_where_that_is_asked_for_or_popularity_is_the_candidate():
    config = load("baselines=[als]", "gate.better_than=[]")
    assert config.gate.better_than == ()
    assert config.families == ("two_tower", "als")
    config = load("candidate=popularity")
    assert config.gate.better_than == ()
    assert config.families == ("popularity", "als", "item_knn")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[1, 2]", "keys and values"),
        ("a: b: c", "YAML"),
        (None, "Cannot read"),
        ("[" * 100_000, "is not valid YAML: it is nested too deeply"),
        (
            "seed: 1\nmodels: {}\nseed: 2\n",
            "the key 'seed' stands twice, in lines 1 and 3; keep one",
        ),
    ],
)
def test_an_unusable_file_is_named(tmp_path, content, says):
    file = tmp_path / "run.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(RunConfigError, match=says) as error:
        load(file=str(file))
    assert "run.yaml" in str(error.value)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("models.als.alpha=1e1", 10),
        ("models.als.alpha=+1.5", 1.5),
        ("models.als.alpha=1_000", 1000),
        ('models.als.alpha="40"', 40),
        ("models.als.alpha=4.0", 4),
    ],
)
def test_decimal_numbers_are_taken(setting, value):
    assert load(setting).family_params("als")["alpha"] == value


def test_a_path_may_begin_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "s.pbtxt").touch()
    file = tmp_path / "run.yaml"
    file.write_text("out: ~/o\nrelease_record: ~/r.json\nvalidation: {schema_file: ~/s.pbtxt}\n")
    config = load_config(str(file), ["name=segue"], data="~/d")
    assert config.data == f"{tmp_path}/d"
    assert config.out == f"{tmp_path}/o"
    assert config.release_record == f"{tmp_path}/r.json"
    assert config.validation.schema_file == f"{tmp_path}/s.pbtxt"


def test_a_path_may_begin_with_a_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS", str(tmp_path))
    file = tmp_path / "run.yaml"
    file.write_text("out: $RUNS/o\nrelease_record: ${RUNS}/r.json\n")
    config = load_config(str(file), data="a/$RUNS")
    assert config.out == f"{tmp_path}/o"
    assert config.release_record == f"{tmp_path}/r.json"
    assert config.data == "a/$RUNS"
    assert load("out=./$x").out == "./$x"


def test_a_file_may_be_in_utf_16_as_some_shells_write_it(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("seed: 5\nout: Größe\n", encoding="utf-16")
    config = load(file=str(file))
    assert (config.seed, config.out) == (5, "Größe")


def test_tags_that_say_what_a_value_is_anyway_are_taken():
    assert load("seed=!!int 5", "models.als.alpha=!!float 3", "tuner.enabled=!!bool true").seed == 5


def test_options_of_beam_are_taken():
    assert load("beam.pipeline_args=[--direct_num_workers=2]").beam.pipeline_args == (
        "--direct_num_workers=2",
    )


def test_nothing_is_tuned_unless_asked_for():
    assert load().tuned == ()
    assert load("candidate=popularity").tuned == ()
    assert load("tuner.families=[als]").tuned == ()


def test_the_candidate_is_tuned_unless_others_are_named():
    assert load("tuner.enabled=true").tuned == ("two_tower",)
    assert load("tuner.enabled=true", "tuner.families=[als, item_knn]").tuned == ("als", "item_knn")
    with pytest.raises(RunConfigError, match="nothing of 'popularity'"):
        load("tuner.enabled=true", "candidate=popularity")
    with pytest.raises(RunConfigError, match=r"fewer parameters in tuner\.fixed"):
        load("tuner.families=[item_knn]", "tuner.fixed=[neighbours, bm25_k1, bm25_b]")


def test_a_configuration_cannot_change():
    with pytest.raises(ValueError, match="frozen"):
        load().seed = 3
