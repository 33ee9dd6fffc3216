"""
Owns people, and what they may do: invitations, roles, groups, charge cards, sign-in.

Takes      InvitePerson, RenamePerson, ForgetPerson, CreateGroup, DissolveGroup, AddMember,
           RemoveMember, GrantRole, RevokeRole, GrantPlatformRole, RevokePlatformRole,
           RequestAccess, AnswerRequest, RegisterCard, BlockCard, UnblockCard, RemoveCard,
           RecordRefusal, LookAtHistory
Announces  PersonInvited, PersonRegistered, PersonRenamed, PersonForgotten, PasswordSet,
           PasskeyAdded, PasskeyRemoved, IdentityLinked, SignedIn, SignInBlocked, TokenIssued,
           TokenRevoked, CardRegistered, CardBlocked, CardUnblocked, CardRemoved, GroupCreated,
           GroupDissolved, MemberAdded, MemberRemoved, RoleGranted, RoleRevoked,
           AccessRequested, RequestAnswered, PlatformRoleGranted, PlatformRoleRevoked,
           ClientRegistered, ClientRevoked, AccessRefused, HistoryLookedAt
Listens to installation: which installations and chargers there are

language       the commands and events, by what they are about
refusals       every way of saying no
register       who is known and what they may do: the state of all decisions
evolve         history becomes that state
circumstances  what else a decision has to know
checks         what several decisions ask for
facts          events that several decisions lead to
people, groups, roles, requests, cards    the decisions
decider        where a command finds its decision
rights         by what right a person asks
recent         refusals that are put on record once in a while
streams        where events go, and the keys that exist once in the world
sealing        personal data, encrypted; marks
vault          the keys of people's data
layout_book    which installations and chargers there are
desk           decides, one command after the other
directory      who people are, for those who may know
queries, card_queries, answering    questions about people
policies       what follows from what happens to installations
mailing        invitations by e-mail
sign_in        how people show who they are
"""
