"""Home and the pages that explain."""

from flask import render_template

from labshare.web.public import blueprint


@blueprint.get("/")
def home() -> str:
    return render_template("public/home.html")


@blueprint.get("/how-it-works")
def how_it_works() -> str:
    return render_template("public/how_it_works.html")
