"""The words of the search: concepts with their words, and what was looked for and not found."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from labshare.catalogue.queries.words import list_concepts, misses, vocabulary
from labshare.catalogue.rules.meaning import Concept
from labshare.catalogue.services.words import ConceptDetails, add_word, details_of, set_concept
from labshare.catalogue.terms import ConceptKind
from labshare.http.actor import current_actor
from labshare.http.rights import requires
from labshare.kernel.errors import NotFound
from labshare.kernel.time import utc_now
from labshare.organisations import permissions
from labshare.web.admin import blueprint
from labshare.web.forms import Form, SelectField, StringField, TextAreaField, length, optional, required
from labshare.web.steps import posted

APART = _l("Several words apart by |; = before a word that is understood and not looked for.")


class ConceptForm(Form):
    key = StringField(_l("Concept"), [required(), length(40)])
    kind = SelectField(_l("Kind"), [required()], choices=ConceptKind.choices())
    zh = TextAreaField(_l("Words in Chinese"), [optional(), length(2000)], description=APART)
    en = TextAreaField(_l("Words in English"), [optional(), length(2000)], description=APART)
    short = StringField(_l("Abbreviations"), [optional(), length(500)], description=_l("Found as whole words only."))
    finds = StringField(
        _l("Tests of these too"),
        [optional(), length(500)],
        description=_l("Keys of other concepts apart by |; of a symptom, what it suggests."),
    )
    source = StringField(_l("Source"), [required(), length(200)])


class MissForm(Form):
    word = StringField(_l("Word"), [required(), length(60)])
    concept = StringField(_l("Concept"), [required(), length(40)])


def _page(form: ConceptForm, miss_form: MissForm | None = None, status: int = 200) -> Any:
    q = request.args.get("q", "")[:60]
    rows, total = list_concepts(q)
    return (
        render_template(
            "admin/words.html",
            q=q,
            rows=rows,
            total=total,
            misses=misses(),
            keys=sorted(vocabulary().concepts),
            form=form,
            miss_form=miss_form or MissForm(formdata=None),
            may_change=permissions.may(current_actor(), "search.change_words"),
        ),
        status,
    )


def _chosen() -> Concept | None:
    key = request.args.get("concept")
    if key is None:
        return None
    concept = vocabulary().concepts.get(key)
    if concept is None:
        raise NotFound
    return concept


@blueprint.get("/words")
@requires("search.see_words")
def words() -> Any:
    """The concepts, one of them to be changed, and what was not found."""
    concept = _chosen()
    given: dict[str, Any] = {"key": concept.key, **vars(details_of(concept))} if concept else {}
    return _page(ConceptForm(formdata=None, **given))


@blueprint.post("/words")
@requires("search.change_words")
def set_words() -> Any:
    """Change a concept, or add one."""
    form = ConceptForm()
    answer = posted(
        form,
        lambda: set_concept(
            actor=current_actor(),
            now=utc_now(),
            key=form.key.data or "",
            details=ConceptDetails(
                kind=form.kind.data,
                zh=form.zh.data or "",
                en=form.en.data or "",
                short=form.short.data or "",
                finds=form.finds.data or "",
                source=form.source.data or "",
            ),
        ),
        lambda row: (_("The words are saved; the search knows them at once."), url_for("admin.words", q=row.key)),
    )
    return answer if isinstance(answer, Response) else _page(form, status=answer)


@blueprint.post("/words/misses")
@requires("search.change_words")
def add_missed_word() -> Any:
    """A word that was not found becomes one of a concept."""
    form = MissForm()
    answer = posted(
        form,
        lambda: add_word(actor=current_actor(), now=utc_now(), word=form.word.data, key=form.concept.data),
        lambda row: (_("The word is added; the search knows it at once."), url_for("admin.words", q=row.key)),
        zh="word",
        en="word",
        short="word",
    )
    return answer if isinstance(answer, Response) else _page(ConceptForm(formdata=None), form, status=answer)
