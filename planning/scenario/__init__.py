"""What if: a plan's parameters and edits on its map as one frozen value, with the figures they come to.

A scenario is never a result of its own kind. `figures` shows what a run of its plan would write, through the same
functions, only sooner; `export` writes that plan, and `planning run` on it gives the same figures to the last digit.
"""

from planning.scenario._apply import applied as applied
from planning.scenario._compare import Difference as Difference
from planning.scenario._compare import difference as difference
from planning.scenario._edits import CHANGEABLE as CHANGEABLE
from planning.scenario._edits import Barrier as Barrier
from planning.scenario._edits import Change as Change
from planning.scenario._edits import Edit as Edit
from planning.scenario._edits import Gate as Gate
from planning.scenario._edits import Move as Move
from planning.scenario._edits import Open as Open
from planning.scenario._edits import Place as Place
from planning.scenario._edits import Remove as Remove
from planning.scenario._edits import Settings as Settings
from planning.scenario._edits import State as State
from planning.scenario._edits import SwitchOff as SwitchOff
from planning.scenario._edits import SwitchOn as SwitchOn
from planning.scenario._edits import kind_of as kind_of
from planning.scenario._engine import Base as Base
from planning.scenario._engine import Figures as Figures
from planning.scenario._engine import figures as figures
from planning.scenario._engine import prepare as prepare
from planning.scenario._engine import prepare_inputs as prepare_inputs
from planning.scenario._engine import told as told
from planning.scenario._engine import walk as walk
from planning.scenario._export import export as export
from planning.scenario._pack import pack as pack
from planning.scenario._places import degrees as degrees
from planning.scenario._places import metres as metres
from planning.scenario._places import new_site as new_site
from planning.scenario._store import FOLDER as FOLDER
from planning.scenario._store import delete as delete
from planning.scenario._store import load as load
from planning.scenario._store import path_of as path_of
from planning.scenario._store import rename as rename
from planning.scenario._store import save as save
from planning.scenario._store import saved as saved
from planning.scenario._store import stem as stem
from planning.scenario._text import check_value as check_value
from planning.scenario._text import from_json as from_json
from planning.scenario._text import to_json as to_json
from planning.scenario._value import Scenario as Scenario
from planning.scenario._value import begin as begin
from planning.scenario._walk import Walk as Walk
