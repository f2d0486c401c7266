"""The commands as a user meets them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from jhubdoctor.commands import COMMANDS
from jhubdoctor.commands.connect import Progress
from jhubdoctor.commands.group import cli
from jhubdoctor.commands.lookup import Index
from jhubdoctor.engine import notes
from jhubdoctor.testing import registry


@pytest.fixture(scope="module")
def index() -> Index:
    """What all checks know."""
    return Index(registry())


def call(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_the_help_names_every_command_with_the_words_of_the_command_itself() -> None:
    shown = call("--help").stdout

    for name, (_, text) in COMMANDS.items():
        command = cli.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        assert name in shown
        assert (command.help or "").split("\n", 1)[0] == text


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_option_of_every_command_has_a_help(name: str) -> None:
    command = cli.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None

    unexplained = [o.name for o in command.params if o.param_type_name == "option" and not getattr(o, "help", None)]

    assert unexplained in ([], ["form"])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "--select", "no-such-check"], 2, "There is no check or area 'no-such-check'"),
        (["run", "-o", "xml"], 2, "There is no format 'xml'"),
        (["run", "-o", "json", "-o", "text"], 2, "Only one report can go to standard output"),
        (["run", "-o", "json="], 2, "names no file"),
        (["demo", "-o", "html=a", "-o", "json=./a"], 2, "-o html=a and -o json=./a name one file."),
        (["run", "-o", "json={context}", "-o", "json={context}"], 2, "name one file"),
        (["run", "--kubeconfig", "/nonexistent/config"], 3, "There is no kubeconfig at /nonexistent/config"),
        (["explain", "taint-not-tolerate-x"], 2, "Did you mean taint-not-tolerated"),
        (["explain", "user-"], 2, "is the start of several checks"),
        (["frobnicate"], 2, "There is no command 'frobnicate'"),
        (["rnu"], 2, "Did you mean 'run'?"),
        (["demo", "--select", "taints"], 2, "Did you mean taint-not-tolerated?"),
        (["demo", "--select", "imge"], 2, "Did you mean image"),
        (["demo", "-o", "jsno"], 2, "Did you mean 'json'?"),
        (["run", "--from", "README.md"], 2, "README.md "),
        (["explain", "xyzzy"], 2, "No check knows 'xyzzy'."),
        (["demo", "--fail-on", "sometimes"], 2, "Invalid value"),
        (["demo", "-o", "json=/nonexistent/folder/x.json"], 3, "cannot be written"),
    ],
)
def test_errors_are_a_sentence_on_stderr_with_an_exit_code_and_no_document(
    words: list[str], code: int, said: str
) -> None:
    result = call(*words)

    assert result.exit_code == code
    assert said in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_the_demo_names_at_least_six_faults_and_exits_1() -> None:
    result = call("demo", "-o", "json")
    report = json.loads(result.stdout)
    roots = {f["check"] for f in report["findings"] if f["explained_by"] is None}

    assert result.exit_code == 1
    assert len(roots) >= 6
    assert report["run"]["source"] == "demo"
    assert not [c for c in report["checks"] if c["status"] in {"unknown", "broken"}]


@pytest.mark.parametrize(("fail_on", "code"), [("error", 1), ("warning", 1), ("info", 1), ("never", 0)])
def test_the_exit_code_is_the_same_for_every_format(fail_on: str, code: int, tmp_path: Path) -> None:
    for form in ("text", "json"):
        to_file = call("demo", "--fail-on", fail_on, "-o", f"{form}={tmp_path / form}")
        assert (to_file.exit_code, call("demo", "--fail-on", fail_on, "-o", form).exit_code) == (code, code)


def test_several_formats_in_one_run(tmp_path: Path) -> None:
    result = call("demo", "-o", "text", "-o", f"json={tmp_path / 'report.json'}")

    assert "ERROR" in result.stdout
    assert json.loads((tmp_path / "report.json").read_text())["schema"] == "jhubdoctor-report-v1"
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]


def test_select_and_ignore_take_ids_and_areas() -> None:
    ids = {c["id"] for c in json.loads(call("demo", "-o", "json", "--select", "schedule").stdout)["checks"]}
    fewer = json.loads(call("demo", "-o", "json", "--select", "schedule", "--ignore", "taint-not-tolerated").stdout)[
        "checks"
    ]

    assert ids == {c.id for c in registry().checks.values() if c.area == "schedule"}
    assert ids - {c["id"] for c in fewer} == {"taint-not-tolerated"}


def test_explain_shows_the_note_in_three_forms() -> None:
    text, markdown, data = (call("explain", "taint-not", "-o", f).stdout for f in ("text", "markdown", "json"))

    assert "WHAT IT MEANS" in text
    assert "/checks/taint-not-tolerated/" in text
    assert markdown.startswith("# taint-not-tolerated\n")
    assert list(json.loads(data)["sections"])[-1] == "Quiet on"


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_explain_leaves_the_examples_out_unless_they_are_asked_for(form: str) -> None:
    """They are tests, and most of a note's lines."""
    short = call("explain", "taint-not-tolerated", "-o", form).stdout
    whole = call("explain", "taint-not-tolerated", "-o", form, "--examples").stdout

    assert not re.search("fires on|quiet on|kind: Node", short, re.IGNORECASE)
    assert re.search(r"^#* *FIX$", short, re.IGNORECASE | re.MULTILINE)
    assert re.search(r"fires on.*kind: Node.*quiet on", whole, re.IGNORECASE | re.DOTALL)
    assert [line for line in short.splitlines() if line not in whole] == []


def test_every_note_has_something_left_without_its_examples() -> None:
    for c in registry().checks.values():
        prose, examples = notes.split(notes.text_of(c))

        assert list(notes.parse(prose).sections) == [h for h in notes.HEADINGS if h not in notes.EXAMPLES]
        assert list(notes.parse(f"# x\n{examples}").sections) == list(notes.EXAMPLES)


# What people paste, and the check that is to be among the first.
PASTED = {
    "ImagePullBackOff": "image-pull-failed",
    "OOMKilled": "user-pod-oom-killed",
    "Spawn failed: Timeout": "spawn-timeout",
    "0/12 nodes are available: 12 Insufficient memory.": "insufficient-resources",
    "0/4 nodes are available: 4 node(s) had untolerated taint {example.org/gpu: true}": "taint-not-tolerated",
    "Warning  FailedScheduling  pod has unbound immediate PersistentVolumeClaims": "hub-volume-pending",
    "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress": "helm-release-not-deployed",
    'no matches for kind "PodDisruptionBudget" in version "policy/v1beta1"': "helm-upgrade-blocked",
    "[E 2026-01-01 10:00:00.000 JupyterHub x:1] (sqlite3.OperationalError) database is locked": "hub-database-locked",
    'Multi-Attach error for volume "pvc-9f" Volume is already exclusively attached to one node': "volume-multi-attach",
    "403 : Forbidden Sorry, you are not currently authorized to use this hub.": "nobody-allowed",
    "toomanyrequests: You have reached your unauthenticated pull rate limit.": "image-pull-failed",
    "OAuth state missing from cookies": "oauth-callback-wrong",
    "exec /usr/bin/tini: exec format error": "user-container-config-error",
    "connect ECONNREFUSED 10.96.0.9:8081": "proxy-errors",
}


@pytest.mark.parametrize("text", PASTED)
def test_a_text_leads_to_the_check_that_knows_it(text: str, index: Index) -> None:
    assert PASTED[text] in [hit.check.id for hit in index.find(text)][:3]


@pytest.mark.parametrize("text", ["xyzzy plugh", "Lorem ipsum dolor sit amet", "10.0.0.1 443", "\n \n"])
def test_a_text_that_means_nothing_leads_nowhere(text: str, index: Index) -> None:
    assert index.find(text) == []


def test_of_a_long_log_the_line_that_tells_is_found(index: Index) -> None:
    calm = "[I 2026-01-01 10:00:00.000 JupyterHub log:192] 200 GET /hub/home (ada@10.0.0.1) 11.20ms\n"

    hits = index.find(calm * 300 + "connect EADDRNOTAVAIL 10.0.0.7:8888 - Local (0.0.0.0:0)\n" + calm * 50)

    assert hits[0].check.id == "proxy-errors"


def test_explain_of_a_text_names_the_checks_and_their_notes_in_three_forms() -> None:
    text, markdown, data = (
        call("explain", "Multi-Attach", "error", "-o", f).stdout for f in ("text", "markdown", "json")
    )
    first = json.loads(data)[0]

    assert first["id"] == "volume-multi-attach"
    assert text.startswith("volume-multi-attach (error)\n")
    assert "`jhubdoctor explain volume-multi-attach` shows what to do." in text
    assert f"- [volume-multi-attach]({first['doc_url']})" in markdown


def test_explain_reads_a_text_from_standard_input() -> None:
    result = CliRunner().invoke(cli, ["explain", "-"], input="State: Waiting\n  Reason: ErrImagePull\n")

    assert "image-pull-failed" in result.stdout


@pytest.mark.parametrize(
    ("words", "among"),
    [
        ("run --select taint", "taint-not-tolerated"),
        ("run --select image-pull-failed,vit", "image-pull-failed,vitals"),
        ("explain volume-m", "volume-multi-attach"),
        ("run -o js", "json"),
        ("run --kubeconfig KUBECONFIG --context pr", "prod"),
        ("run --kubeconfig /nonexistent --context ", ""),
        ("run --kubeconfig /nonexistent -n ", ""),
    ],
)
def test_the_shell_completes(words: str, among: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "kubeconfig"
    config.write_text("contexts: [{name: prod, context: {}}, {name: stage, context: {}}]\n", encoding="utf-8")
    monkeypatch.setenv("COMP_WORDS", f"jhubdoctor {words.replace('KUBECONFIG', str(config))}")
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" "))))

    shown = CliRunner().invoke(cli, [], prog_name="jhubdoctor", env={"_JHUBDOCTOR_COMPLETE": "bash_complete"}).stdout

    found = [line.partition(",")[2] for line in shown.splitlines()]
    assert among in found or (among, found) == ("", [])


def test_list_names_every_check() -> None:
    rows = json.loads(call("list", "-o", "json").stdout)

    assert [r["id"] for r in rows] == list(registry().checks)
    assert all(r["needs"] for r in rows if r["area"] != "suppression")
    assert all(i in call("list").stdout for i in registry().checks)


def test_rbac_is_yaml_of_get_and_list_alone() -> None:
    documents = list(yaml.safe_load_all(call("rbac").stdout))

    assert [d["kind"] for d in documents] == ["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding"]
    assert {v for rule in documents[2]["rules"] for v in rule["verbs"]} == {"get", "list"}


def test_rbac_makes_the_account_that_it_binds_or_says_that_it_must_be_there() -> None:
    namespace, account, *_, binding = yaml.safe_load_all(call("rbac").stdout)
    place = {"name": account["metadata"]["name"], "namespace": account["metadata"]["namespace"]}
    mine = call("rbac", "-n", "jhub", "--service-account", "mine").stdout

    assert binding["subjects"] == [{"kind": "ServiceAccount", **place}]
    assert namespace["metadata"]["name"] == place["namespace"]
    assert "# The ServiceAccount mine in namespace jhub must exist.\n" in mine
    assert [d["kind"] for d in yaml.safe_load_all(mine)] == ["Role", "RoleBinding"]


def test_rbac_binds_people_without_an_account() -> None:
    role, binding = yaml.safe_load_all(call("rbac", "--user", "ada", "--group", "admins").stdout)

    assert role["kind"] == "ClusterRole"
    assert [(s["kind"], s["name"], s["apiGroup"]) for s in binding["subjects"]] == [
        ("User", "ada", "rbac.authorization.k8s.io"),
        ("Group", "admins", "rbac.authorization.k8s.io"),
    ]


def test_rbac_for_one_namespace_says_which_checks_stay_unknown() -> None:
    text = call("rbac", "--namespace", "jhub").stdout
    account, role, binding = yaml.safe_load_all(text)
    names = {r for rule in role["rules"] for r in rule["resources"]}

    assert account["metadata"] == {"name": "jhubdoctor", "namespace": "jhub"}
    assert (role["kind"], role["metadata"]["namespace"], binding["kind"]) == ("Role", "jhub", "RoleBinding")
    assert "nodes" not in names
    assert "namespaces" in names  # a Role can grant to get the one that it is in
    assert "#   taint-not-tolerated" in text


def test_rbac_of_one_check_is_smaller_than_that_of_all() -> None:
    one, all_ = (
        next(d for d in yaml.safe_load_all(call("rbac", *w).stdout) if d["kind"] == "ClusterRole")
        for w in (("--select", "hub-crash-loop"), ())
    )
    names = [{r for rule in d["rules"] for r in rule.get("resources", [])} for d in (one, all_)]

    assert names[0] < names[1]


def test_version_and_explain_import_neither_kubernetes_nor_rich() -> None:
    loaded = "import sys; print([m for m in ('kubernetes','rich','msgspec','yaml') if m in sys.modules])"
    version = f"import sys; sys.argv=['x','--version']; from jhubdoctor.cli import main; main(); {loaded}"
    explain = (
        "import sys; sys.argv=['x','explain','taint-not-tolerated']\nfrom jhubdoctor.cli import main\n"
        f"try: main()\nexcept SystemExit: pass\n{loaded}"
    )

    assert python(version).splitlines()[-1] == "[]"
    assert python(explain).splitlines()[-1] == "[]"


def test_list_and_demo_do_not_import_kubernetes() -> None:
    for words in (["list"], ["demo", "-o", "json"], ["rbac"]):
        code = (
            f"import sys; sys.argv=['x',*{words!r}]\nfrom jhubdoctor.cli import main\n"
            "try: main()\nexcept SystemExit: pass\nprint('kubernetes' in sys.modules)"
        )
        assert python(code).rstrip().endswith("False")


def test_python_m_works() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "jhubdoctor", "--version"], check=True, capture_output=True, text=True
    )

    assert shown.stdout.startswith("jhubdoctor ")


def test_what_is_said_while_the_progress_shows_stands_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(on=True)

    progress("judging")
    progress.say("no hub in namespace default; looked in all namespaces.")

    shown = capsys.readouterr().err.rpartition("\x1b[K")[2]
    assert shown == "jhubdoctor: no hub in namespace default; looked in all namespaces.\n"
