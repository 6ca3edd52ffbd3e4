"""The one exception whose message is written for the person in front of the screen."""


class PokeclfError(Exception):
    """Something a person can understand and act on, said in one sentence.

    The command line prints the message and exits with code 2; the dashboard shows it as a notice.
    Everything else that is raised is a defect of this project.
    """
