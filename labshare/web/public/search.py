"""The search page: offers for one question."""

from flask import render_template

from labshare.web.public import blueprint


@blueprint.get("/search")
def search() -> str:
    return render_template("public/search.html")
