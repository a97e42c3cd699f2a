"""One module a page; each has ``show``, which is given a finished run and puts it on the screen."""
